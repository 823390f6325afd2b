/** HAProxy asks vitald: `agent-check` (docs/outputs/haproxy-agent.md). */
import { Refusal } from '../../../config/address.js';
import { checkNames, haproxyOptionsSchema } from '../haproxy/options.js';
import type { OutputKind } from '../output.js';
import { HaproxyAgent } from './agent.js';
import { defaultListen, parseListen } from './listen.js';

export const haproxyAgent: OutputKind = {
  name: 'haproxy_agent',
  summary: 'Answers HAProxy’s agent-check: HAProxy asks for each server, and follows.',
  optionsSchema: {
    listen: {
      type: 'string',
      default: defaultListen,
      description: 'Address that HAProxy’s agent-addr and agent-port name. Any client that reaches it can ask for verdicts.',
      'x-allowed': `ADDRESS:PORT or [IPV6]:PORT, for example ${defaultListen}`,
    },
    ...haproxyOptionsSchema,
  },
  check(options, context) {
    const { listen } = options;
    const endpoint = typeof listen === 'string' ? parseListen(listen) : undefined;
    if (endpoint instanceof Refusal) {
      context.problem(['listen'], `${endpoint.message}; expected ADDRESS:PORT or [IPV6]:PORT, for example ${defaultListen}`);
    }
    checkNames(options, context);
  },
  create: (context) => new HaproxyAgent(context),
};
