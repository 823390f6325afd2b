/** What both outputs for HAProxy are told in the configuration: whose server is whose, and what vitald sets. */
import type { OutputCheckContext } from '../../../config/output-kind.js';
import { quotedIfHarmless } from '../../../config/quoting.js';
import type { JsonSchema } from '../../../config/json-schema.js';
import { checkListeners, listenersSchema } from '../listeners-option.js';

/** Options as in the file, defaults filled in. */
export interface HaproxyOptions {
  /** HAProxy's backend → listener, where their names differ. */
  readonly backends?: Readonly<Record<string, string>>;
  /** HAProxy's `backend/server` → `listener/backend`, where their names differ. */
  readonly servers?: Readonly<Record<string, string>>;
  /** Listeners that HAProxy serves; undefined: all. */
  readonly listeners?: readonly string[];
  readonly control: 'all' | 'health';
  readonly weights: 'relative' | 'absolute';
}

/** Of proxies and servers: configuration manual, 2.2 "Quoting and escaping" and 4 "Proxies". */
const name = '[A-Za-z0-9_:.-]{1,256}';

export const haproxyOptionsSchema = {
  backends: {
    type: 'object',
    description: 'Listener by HAProxy’s name of the backend, where they differ, as in `be_web: web`.',
    propertyNames: { type: 'string', pattern: `^${name}$`, 'x-allowed': 'a name of HAProxy: letters, digits, ":", ".", "_" and "-"' },
    additionalProperties: { type: 'string', 'x-allowed': 'the name of a listener' },
    maxProperties: 10_000,
    'x-default': 'a backend of HAProxy has its listener’s name',
  },
  servers: {
    type: 'object',
    description: 'Backend by HAProxy’s name of the server, where they differ, as in `be_web/s1: web/app-1`.',
    propertyNames: { type: 'string', pattern: `^${name}/${name}$`, 'x-allowed': 'BACKEND/SERVER, as HAProxy names them' },
    additionalProperties: { type: 'string', pattern: '^[^/]+/[^/]+$', 'x-allowed': 'LISTENER/BACKEND, as vitald names them' },
    maxProperties: 100_000,
    'x-default': 'a server has its backend’s id',
  },
  listeners: listenersSchema('The listeners that this HAProxy serves. It must have a backend for each of them; others are left alone.'),
  control: {
    type: 'string',
    enum: ['all', 'health'],
    default: 'all',
    description:
      'What vitald sets. all: health, maintenance and weight. health: up and down only; maintenance and weights are HAProxy’s own, and whatever vitald does not route to is down.',
  },
  weights: {
    type: 'string',
    enum: ['relative', 'absolute'],
    default: 'relative',
    description:
      'relative: HAProxy’s own weights, scaled where an operator of vitald changes one. absolute: vitald’s weights, at most 256.',
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;

/** Whether the listeners that are named are there. Backends may come at runtime, and are not looked for. */
export function checkNames(options: Readonly<Record<string, unknown>>, context: OutputCheckContext): void {
  const { backends = {}, servers = {}, listeners } = options as Partial<HaproxyOptions>;
  const expect = (path: string[], listener: string): void => {
    if (!context.listeners.has(listener)) {
      context.problem(path, `there is no listener ${quotedIfHarmless(listener, 'of this name')}; write the name of one under listeners`);
    } else if (listeners?.includes(listener) === false) {
      context.problem(path, `the listener ${listener} is not in the output's own listeners; add it there, or take out this mapping`);
    }
  };
  for (const [key, listener] of Object.entries(backends)) expect(['backends', key], listener);
  for (const [key, target] of Object.entries(servers)) expect(['servers', key], target.slice(0, target.indexOf('/')));
  checkListeners(options, context);
}
