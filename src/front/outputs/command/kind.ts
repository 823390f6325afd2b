/** Runs a program for each batch of events, which it reads from its standard input. */
import { parseDuration } from '../../../config/duration.js';
import {
  checkDuration,
  checkEventOptions,
  durationSchema,
  eventOptionsSchema,
  eventSettings,
  type EventOptions,
} from '../event-options.js';
import { EventOutput } from '../event-output.js';
import type { OutputContext, OutputKind } from '../output.js';
import { commandFailure, runCommand } from '../run-command.js';

interface CommandOptions extends EventOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeout: string;
}

/** Kept of what it writes, to tell why it failed. */
const outputBytes = 4096;
/** Shorter values of the environment are in every sentence by chance. */
const shortestSecret = 4;

export const command: OutputKind = {
  name: 'command',
  summary: 'Runs a program, which reads events as JSON from its standard input.',
  optionsSchema: {
    command: {
      type: 'array',
      items: { type: 'string', maxLength: 4096 },
      minItems: 1,
      maxItems: 100,
      'x-allowed': 'a list of texts: the program, and its arguments',
      description: 'The program, and its arguments, each a text of its own. No shell looks at them.',
    },
    env: {
      type: 'object',
      additionalProperties: { type: 'string', maxLength: 32_768, writeOnly: true },
      maxProperties: 100,
      default: {},
      'x-allowed': 'a mapping of names to texts',
      description: 'Environment of the program, beside PATH and LANG. That of vitald is not handed on. Values are never shown.',
    },
    timeout: durationSchema('10s', 'The program, and all that it started, is killed after this time, and the attempt has failed.'),
    ...eventOptionsSchema,
  },
  required: ['command'],
  secrets: ['env'],
  check(options, context) {
    checkEventOptions(options, context);
    checkDuration('timeout', options.timeout, [100, 600_000], context);
    const [program] = Array.isArray(options.command) ? (options.command as unknown[]) : [];
    if (program === '') context.problem(['command', 0], 'is empty; it must name a program');
    else if (typeof program === 'string' && program.includes(' ') && (options.command as unknown[]).length === 1)
      context.warning(['command', 0], 'has a space; write a list with each argument a text of its own');
    for (const name of Object.keys(options.env ?? {}))
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) context.problem(['env', name], 'is not a name; expected letters, digits and "_"');
  },
  create: (context) => createCommand(context, context.options as unknown as CommandOptions),
};

function createCommand(context: OutputContext, options: CommandOptions): EventOutput {
  const limitMs = parseDuration(options.timeout)!;
  return new EventOutput({
    context,
    ...eventSettings(options),
    limitMs,
    deliver: async ({ body }, signal) => {
      const { command: argv, env } = options;
      try {
        const result = await runCommand(argv, { input: body, limitMs, maxOutputBytes: outputBytes, signal, env });
        const failure = commandFailure(argv[0]!, result);
        if (failure !== undefined) throw new Error(failure);
      } catch (error) {
        throw new Error(withoutValues((error as Error).message, env));
      }
    },
  });
}

/** A program may print what its environment holds. */
function withoutValues(text: string, env: Readonly<Record<string, string>>): string {
  const values = Object.values(env).filter((value) => value.length >= shortestSecret);
  return values.sort((a, b) => b.length - a.length).reduce((hidden, value) => hidden.replaceAll(value, '[redacted]'), text);
}
