/** The command line: commands, options, help. Each command is a file of its own beside this one. */
import { Command, CommanderError } from 'commander';
import type { LoadInput } from '../config/load.js';
import { CodedError } from '../errors.js';
import { version } from '../version.js';
import { addClientOptions, type ClientFlags } from './client/settings.js';
import type { DiagnoseFlags } from './diagnose.js';
import type { DoctorFlags } from './doctor.js';
import type { EventsFlags } from './events.js';
import type { Io } from './io.js';
import type { OverrideFlags } from './override.js';
import type { ProbeOptions } from './probe.js';
import type { StatusFlags } from './status.js';
import type { TokenOptions } from './token.js';
import type { WeightFlags } from './weight.js';

// Each command is loaded when it is called: the daemon's main thread needs neither YAML nor JSON Schema.

export interface RunFlags {
  readonly config: string;
  readonly demoBackends: boolean;
  readonly logFormat: 'json' | 'pretty';
  readonly logLevel: string;
}

/** What the commands need of the world; main.ts gives it. */
export interface CliDependencies {
  readonly io: Io;
  /** What the configuration is checked against. */
  readonly machine: LoadInput['machine'];
  readonly env: LoadInput['env'];
  fileExists(path: string): boolean;
  /** The daemon in the foreground; resolves to the exit code. */
  run(flags: RunFlags): Promise<number>;
}

const defaultFiles = ['./vitald.yaml', '/etc/vitald/vitald.yaml'] as const;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const wrongUsage = 2;

/**
 * @param args without the names of runtime and script
 * @returns the exit code: 0 done, 1 the answer is no, 2 wrong usage, 3 the machine does not allow it
 */
export async function runCli(args: readonly string[], deps: CliDependencies): Promise<number> {
  let exitCode = 0;
  const program = createProgram(deps, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : wrongUsage;
    if (!(error instanceof CodedError)) throw error;
    for (const line of error.message.split('\n')) deps.io.err(error.code === 'config_invalid' ? `${line}\n` : `vitald: ${line}\n`);
    return error.exitCode;
  }
}

function createProgram(deps: CliDependencies, end: (exitCode: number) => void): Command {
  const { io } = deps;
  const program = new Command('vitald')
    .description('Health checking for any load balancer: probes backends, decides by thresholds, says why.')
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text), getOutHasColors: () => io.color })
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(vitald --help shows what is there)')
    .helpCommand('help [command]', 'show help for a command');
  addRun(program, deps, end);
  addCheck(program, deps, end);
  addStatus(program, deps, end);
  addEvents(program, deps, end);
  addOverride(program, deps, end);
  addWeight(program, deps, end);
  addProbe(program, io, end);
  addDiagnose(program, deps, end);
  addDoctor(program, io, end);
  program
    .command('profiles')
    .description('defaults and ranges of each profile')
    .argument('[name]', 'only this one')
    .option('--json', 'for machines', false)
    .action(async (name: string | undefined, options: { json: boolean }) => {
      const { profilesCommand } = await import('./profiles.js');
      end(profilesCommand(name, options, io));
    });
  program
    .command('token')
    .description('make a token for the API, and its entry in the configuration')
    .option('--name <name>', 'whose it is; stands in the audit log', 'client')
    .option('--role <role>', 'read: look; operate: also overrides, weights, probes; admin: also backends', 'read')
    .option('--json', 'for machines', false)
    .action(async (options: TokenOptions) => {
      const { tokenCommand } = await import('./token.js');
      end(tokenCommand(options, io));
    });
  program
    .command('schema')
    .description('the JSON Schema of the configuration file, for editors')
    .action(async () => {
      const [{ schemaCommand }, { kinds, outputKinds }] = await Promise.all([import('./schema.js'), allKinds()]);
      end(schemaCommand(kinds, outputKinds, io));
    });
  program
    .command('version')
    .description('the version of vitald')
    .action(() => {
      io.out(`${version}\n`);
    });
  return program;
}

function addRun(program: Command, deps: CliDependencies, end: (exitCode: number) => void): void {
  program
    .command('run')
    .description('the daemon, in the foreground; SIGHUP reloads, SIGTERM stops')
    .option('-c, --config <file>', `the configuration (default: ${defaultFiles.join(', ')})`)
    .option('--demo-backends', 'start local backends that show every state', false)
    .option('--log-format <format>', 'json, or pretty for people', choice('json', 'pretty'), 'json')
    .option('--log-level <level>', logLevels.join(', '), choice(...logLevels), 'info')
    .action(async (options: RunFlags & { config?: string }) => {
      end(await deps.run({ ...options, config: configFile(options.config, deps) }));
    });
}

function addCheck(program: Command, deps: CliDependencies, end: (exitCode: number) => void): void {
  program
    .command('check')
    .description('read the configuration and name every problem')
    .option('-c, --config <file>', `the configuration (default: ${defaultFiles.join(', ')})`)
    .option('--print', 'show the effective values, and how long detection takes', false)
    .option('--strict', 'treat every warning as an error: exit code 1', false)
    .option('--json', 'for machines', false)
    .action(async (options: { config?: string; print: boolean; strict: boolean; json: boolean }) => {
      const { checkCommand } = await import('./check.js');
      end(checkCommand(await configuration(options.config, deps), options, deps.io));
    });
}

function addStatus(program: Command, { io, env }: CliDependencies, end: (exitCode: number) => void): void {
  const command = program
    .command('status')
    .description('how the backends of a running vitald are; exit code 1 where the one that is named is not routable')
    .argument('[listener]', 'only this listener')
    .argument('[backend]', 'only this backend of it')
    .option('--watch', 'follow: the table in place on a terminal, elsewhere a line for each change', false)
    .option('--state <state...>', 'only backends in this state: initial, healthy, unhealthy, disabled')
    .option('--json', 'for machines', false);
  addClientOptions(command).action(async (listener: string | undefined, backend: string | undefined, flags: StatusFlags & ClientFlags) => {
    const [{ statusCommand }, { createClient }] = await Promise.all([import('./status.js'), import('./client/client.js')]);
    const words = [listener, backend].filter((word) => word !== undefined);
    end(await statusCommand(words, flags, createClient(flags, env), io));
  });
}

function addEvents(program: Command, { io, env }: CliDependencies, end: (exitCode: number) => void): void {
  const command = program
    .command('events')
    .description('a line for each change of a running vitald, until Ctrl-C')
    .option('--listener <name...>', 'only changes of these listeners')
    .option('--since <[epoch:]revision>', 'begin after this revision, or after the event with this id, if that is still known')
    .option('--json', 'for machines: one JSON object a line', false);
  addClientOptions(command).action(async (flags: EventsFlags & ClientFlags) => {
    const [{ eventsCommand }, { createClient }] = await Promise.all([import('./events.js'), import('./client/client.js')]);
    end(await eventsCommand(flags, createClient(flags, env), io));
  });
}

function addOverride(program: Command, { io, env }: CliDependencies, end: (exitCode: number) => void): void {
  const command = program
    .command('override')
    .description('take a backend of a running vitald out of traffic and back, or decide its health by hand')
    .argument('[listener]', 'name of the listener')
    .argument('[backend]', 'its backend: name, or ADDRESS:PORT')
    .argument('[mode]', 'maintenance, forced_healthy or forced_unhealthy; without it: what is in force')
    .option('--end', 'end it: the check decides again', false)
    .option('--list', 'everything that operators have set', false);
  addNoteOptions(command).action(async (...given: readonly unknown[]) => {
    const [{ overrideCommand }, { createClient }] = await Promise.all([import('./override.js'), import('./client/client.js')]);
    const words = given.slice(0, 3).filter((word) => typeof word === 'string');
    const flags = given[3] as OverrideFlags & ClientFlags;
    end(await overrideCommand(words, flags, userOf(env), createClient(flags, env), io));
  });
}

function addWeight(program: Command, { io, env }: CliDependencies, end: (exitCode: number) => void): void {
  const command = program
    .command('weight')
    .description('give a backend of a running vitald another weight than the configured one; 0 drains')
    .argument('<listener>', 'name of the listener')
    .argument('<backend>', 'its backend: name, or ADDRESS:PORT')
    .argument('[weight]', 'the weight')
    .option('--end', 'end it: the configured weight again', false);
  addNoteOptions(command).action(async (...given: readonly unknown[]) => {
    const [{ weightCommand }, { createClient }] = await Promise.all([import('./weight.js'), import('./client/client.js')]);
    const words = given.slice(0, 3).filter((word) => typeof word === 'string');
    const flags = given[3] as WeightFlags & ClientFlags;
    end(await weightCommand(words, flags, userOf(env), createClient(flags, env), io));
  });
}

function addNoteOptions(command: Command): Command {
  command
    .option('--reason <text>', 'why; shown to the operator on call')
    .option('--for <duration>', 'end it after this duration: 90s, 30m, 2h, 1d')
    .option('--by <name>', 'who decided it (default: the user of this terminal)')
    .option('--json', 'for machines', false);
  return addClientOptions(command);
}

/** Who sits at the terminal. */
function userOf(env: CliDependencies['env']): string | undefined {
  return env.SUDO_USER || env.USER || env.LOGNAME || undefined;
}

function addProbe(program: Command, io: Io, end: (exitCode: number) => void): void {
  const command = program
    .command('probe')
    .description('probe once, now, from here: tcp://10.0.0.1:80, ping://10.0.0.1, udp://10.0.0.1:53, http://10.0.0.1/health')
    .argument('<url...>', 'what to probe')
    .option('--timeout <duration>', 'how long to wait for an answer', '2s')
    .option('--count <n>', 'how often', '1')
    .option('--source <address>', 'address to probe from')
    .option('--interface <name>', 'network interface to probe through')
    .option('--json', 'for machines: one JSON object a line', false);
  addCheckFlags(command).action(async (urls: string[], options: ProbeOptions) => {
    const { probeCommand } = await import('./probe.js');
    end(await probeCommand(urls, options, io));
  });
}

/** What a check is beyond its URL; see probes/check-flags.ts. */
function addCheckFlags(command: Command): Command {
  return command
    .option('--method <method>', 'http, https: HEAD, GET or OPTIONS; tcp: auto, syn or connect')
    .option(
      '--expect <expected>',
      'http, https: statuses, for example http_2xx,401,301-302; udp: the first bytes of the answer, text:… or hex:…',
    )
    .option('--host <host>', 'http, https: the Host header')
    .option('--header <line>', 'http, https: one more header, "Name: value"; may be repeated', (line: string, before: string[] = []) => [
      ...before,
      line,
    ])
    .option('--http-version <version>', 'http, https: 1.0 or 1.1')
    .option('--server-name <name>', 'https: the server name to ask for (SNI)')
    .option('--verify', 'https: refuse a certificate that is not valid')
    .option('--ca-file <file>', 'https: PEM file of the authorities to trust')
    .option('--send <payload>', 'udp: the datagram, text:… or hex:…')
    .option('--ping-first', 'udp: ping before the datagram');
}

function addDiagnose(program: Command, deps: CliDependencies, end: (exitCode: number) => void): void {
  const command = program
    .command('diagnose')
    .description('why is it unhealthy? from the checker’s side: the cause, the evidence, what to do')
    .argument('<listener-or-url>', 'name of the listener; or what to check, as for probe: http://10.0.0.1/health')
    .argument('[backend]', 'its backend: name, or ADDRESS:PORT')
    .option('-c, --config <file>', `the configuration (default: ${defaultFiles.join(', ')})`)
    .option('--timeout <duration>', 'for a URL: the timeout of the check (default: 2s)')
    .option('--source <address>', 'for a URL: address to check from')
    .option('--interface <name>', 'for a URL: network interface to check through')
    .option('--json', 'for machines', false);
  addCheckFlags(command).action(async (first: string, second: string | undefined, flags: DiagnoseFlags) => {
    const { diagnoseCommand } = await import('./diagnose.js');
    const load = (): Promise<LoadInput> => configuration(flags.config, deps);
    end(await diagnoseCommand(second === undefined ? [first] : [first, second], flags, load, deps.io));
  });
}

function addDoctor(program: Command, io: Io, end: (exitCode: number) => void): void {
  program
    .command('doctor')
    .description('the same question, asked on the backend itself: who listens, which firewall rule, which route')
    .requiredOption('--port <n>', 'the checked port')
    .option('--address <ip>', 'address of this machine that the checks go to')
    .option('--from <range>', 'address or range that the checks come from: 100.125.0.0/16')
    .option('--udp', 'the port is one of UDP', false)
    .option('--json', 'for machines', false)
    .action(async (flags: DoctorFlags) => {
      const { doctorCommand } = await import('./doctor.js');
      end(await doctorCommand(flags, io));
    });
}

function choice<T extends string>(...allowed: readonly T[]): (value: string) => T {
  return (value) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw new CodedError('usage', `${JSON.stringify(value)} is not one of ${allowed.join(', ')}`);
    return found;
  };
}

/** The kinds of check and output that a configuration may name. */
async function allKinds(): Promise<Required<Pick<LoadInput, 'kinds' | 'outputKinds'>>> {
  const [{ probeKinds }, { outputKinds }] = await Promise.all([import('../probes/registry.js'), import('../front/outputs/registry.js')]);
  return { kinds: probeKinds, outputKinds };
}

/** @throws CodedError usage as {@link configFile} */
async function configuration(named: string | undefined, deps: CliDependencies): Promise<LoadInput> {
  const file = configFile(named, deps);
  return { file, env: deps.env, machine: deps.machine, ...(await allKinds()) };
}

/** @throws CodedError usage where no file is named and none of the usual ones is there */
function configFile(named: string | undefined, deps: CliDependencies): string {
  const file = named ?? defaultFiles.find((path) => deps.fileExists(path));
  if (file !== undefined) return file;
  throw new CodedError('usage', `there is no configuration: neither ${defaultFiles.join(' nor ')} exists; name one with -c FILE`);
}
