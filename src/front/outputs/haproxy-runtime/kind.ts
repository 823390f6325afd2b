/** vitald tells HAProxy: the Runtime API (docs/outputs/haproxy-runtime.md). */
import { Refusal } from '../../../config/address.js';
import { allowedDurations, durationPattern, parseDuration } from '../../../config/duration.js';
import { checkNames, haproxyOptionsSchema } from '../haproxy/options.js';
import type { OutputKind } from '../output.js';
import { parseSocket } from './options.js';
import { HaproxyRuntime } from './runtime.js';

const shortestReconcileMs = 100;
const longestReconcileMs = 3_600_000;
const socketExample = '/run/haproxy/admin.sock';

export const haproxyRuntime: OutputKind = {
  name: 'haproxy_runtime',
  summary: 'Sets servers over HAProxy’s Runtime API on every change, and again when either side restarts.',
  optionsSchema: {
    socket: {
      type: 'string',
      minLength: 1,
      description: 'HAProxy’s stats socket; it must have level admin.',
      'x-allowed': `the path of a socket, for example ${socketExample}, or ADDRESS:PORT`,
    },
    reconcile_interval: {
      type: 'string',
      pattern: durationPattern,
      default: '1s',
      description:
        'How often HAProxy’s servers are compared with the verdicts, changes or not: after its restart they are right again so soon.',
      'x-allowed': `${allowedDurations}, from 100ms to 1h`,
    },
    ...haproxyOptionsSchema,
  },
  required: ['socket'],
  check(options, context) {
    const { socket, reconcile_interval: interval } = options;
    const parsed = typeof socket === 'string' ? parseSocket(socket) : undefined;
    if (parsed instanceof Refusal) {
      context.problem(
        ['socket'],
        `${parsed.message}; expected the path of HAProxy's stats socket, for example ${socketExample}, or ADDRESS:PORT`,
      );
    }
    const ms = typeof interval === 'string' ? parseDuration(interval) : undefined;
    if (ms !== undefined && (ms < shortestReconcileMs || ms > longestReconcileMs)) {
      context.problem(['reconcile_interval'], `${String(interval)} is out of range; allowed: 100ms to 1h`);
    }
    checkNames(options, context);
  },
  create: (context) => new HaproxyRuntime(context),
};
