/** What the configuration says of an nginx output. */
import { allowedDurations, durationPattern, formatDuration, parseDuration } from '../../../config/duration.js';
import type { OutputCheckContext } from '../../../config/output-kind.js';
import type { JsonSchema } from '../../../config/json-schema.js';
import { checkListeners, listenersSchema } from '../listeners-option.js';

export interface NginxOptions {
  readonly path: string;
  readonly templateFile: string | undefined;
  /** Undefined: all. */
  readonly listeners: readonly string[] | undefined;
  readonly testCommand: readonly string[];
  readonly reloadCommand: readonly string[];
  readonly commandTimeoutMs: number;
  readonly minIntervalMs: number;
}

const absolutePath = { type: 'string', pattern: '^/.*[^/]$', 'x-allowed': 'an absolute path' };

function command(description: string, words: readonly string[]): JsonSchema {
  return {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    minItems: 1,
    maxItems: 100,
    default: words,
    description,
    'x-allowed': `a list: the program and its arguments, for example [${words.join(', ')}]`,
  };
}

function duration(description: string, value: string): JsonSchema {
  return { type: 'string', pattern: durationPattern, default: value, description, 'x-allowed': allowedDurations };
}

export const nginxOptionsSchema: Readonly<Record<string, JsonSchema>> = {
  path: { ...absolutePath, description: 'The upstream file, which nginx includes. vitald replaces it: nothing else should be in it.' },
  template_file: {
    ...absolutePath,
    description: 'A mustache template of the file; see docs/outputs/nginx.md for what it is filled in with.',
    'x-default': 'an upstream for each listener',
  },
  listeners: listenersSchema('The listeners that become upstreams.'),
  test_command: command('Tests nginx’s configuration, the new file included. Run without a shell.', ['nginx', '-t']),
  reload_command: command('Makes nginx load its configuration. Run without a shell.', ['nginx', '-s', 'reload']),
  command_timeout: duration('A command that takes longer is killed, and has failed.', '30s'),
  min_interval: duration('Time between two reloads, at least 1s. What changes meanwhile goes into the next one.', '1s'),
};

const shortestIntervalMs = 1000;
const longestIntervalMs = 3_600_000;
const longestTimeoutMs = 600_000;

/** Tells of what the schema cannot say. */
export function checkNginxOptions(options: Readonly<Record<string, unknown>>, context: OutputCheckContext): void {
  checkDuration(options, 'min_interval', shortestIntervalMs, longestIntervalMs, context);
  checkDuration(options, 'command_timeout', 1, longestTimeoutMs, context);
  if (options.path !== undefined && options.path === options.template_file)
    context.problem(['template_file'], 'the template and the file that is made of it are the same; name another path');
  const named = options.listeners as readonly (string | undefined)[] | undefined;
  checkListeners(options, context);
  // A template may give them other names.
  if (options.template_file === undefined) checkNames(named ?? context.listeners, context);
}

/** Names of upstreams are compared without case: ngx_http_upstream_add() in nginx's source. */
function checkNames(names: Iterable<string | undefined>, context: OutputCheckContext): void {
  const seen = new Map<string, string>();
  for (const name of new Set(names)) {
    if (name === undefined) continue;
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined)
      context.problem([], `to nginx the listeners ${twin} and ${name} have the same name; rename one, or leave it out of \`listeners\``);
    seen.set(name.toLowerCase(), name);
  }
}

function checkDuration(
  options: Readonly<Record<string, unknown>>,
  key: string,
  leastMs: number,
  mostMs: number,
  context: OutputCheckContext,
): void {
  const value = options[key];
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms === undefined || (ms >= leastMs && ms <= mostMs)) return;
  context.problem([key], `${value as string} is out of range; allowed are ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`);
}

/** @param options valid ones, defaults filled in */
export function nginxOptions(options: Readonly<Record<string, unknown>>): NginxOptions {
  return {
    path: options.path as string,
    templateFile: options.template_file as string | undefined,
    listeners: options.listeners as readonly string[] | undefined,
    testCommand: options.test_command as readonly string[],
    reloadCommand: options.reload_command as readonly string[],
    commandTimeoutMs: parseDuration(options.command_timeout as string)!,
    minIntervalMs: parseDuration(options.min_interval as string)!,
  };
}
