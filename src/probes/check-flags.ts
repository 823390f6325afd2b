/** Flags of `vitald probe` and of `vitald diagnose URL`: what a check is beyond its URL. Each becomes options of the kind. */
import { CodedError } from '../errors.js';
import { allowedStatusForms, statusRange, type StatusExpression } from '../health/expected-status.js';
import { methods as httpMethods } from './http/options.js';
import { printable } from './printable.js';
import { tcpMethods } from './tcp/kind.js';

/** Names as the command line's parser makes them: `--ca-file` is `caFile`. */
export interface CheckFlags {
  readonly method?: string;
  readonly expect?: string;
  readonly host?: string;
  readonly header?: readonly string[];
  readonly httpVersion?: string;
  readonly serverName?: string;
  readonly verify?: boolean;
  readonly caFile?: string;
  readonly send?: string;
  readonly pingFirst?: boolean;
}

type FlagName = keyof CheckFlags;
type Options = Readonly<Record<string, unknown>>;

interface Flag<Value> {
  /** As it is typed. */
  readonly typed: string;
  /** In words, by kind: what it may be. */
  readonly allowed: string;
  /** @returns undefined if the flag, with this value, is not one for this kind */
  toOptions(value: Value, kind: string): Options | undefined;
}

const isHttp = (kind: string): boolean => kind === 'http' || kind === 'https';
const isPayload = (text: string): boolean => /^(text|hex):/.test(text);

const flags: { readonly [Name in FlagName]-?: Flag<NonNullable<CheckFlags[Name]>> } = {
  method: {
    typed: '--method',
    allowed: `http and https: ${httpMethods.join(', ')}; tcp: ${tcpMethods.join(', ')}`,
    toOptions: (value, kind) => {
      if (kind === 'tcp') return isOneOf(tcpMethods, value.toLowerCase()) ? { tcp: { method: value.toLowerCase() } } : undefined;
      return isHttp(kind) && isOneOf(httpMethods, value.toUpperCase()) ? { method: value.toUpperCase() } : undefined;
    },
  },
  expect: {
    typed: '--expect',
    allowed: `http and https: ${allowedStatusForms}; udp: text:… or hex:…`,
    toOptions: (value, kind) => {
      if (kind === 'udp') return isPayload(value) ? { udp: { expect: value } } : undefined;
      return isHttp(kind) && !isPayload(value) ? { expected_status: value.split(',').map(statusExpression) } : undefined;
    },
  },
  host: { typed: '--host', allowed: 'http and https', toOptions: (value, kind) => ifHttp(kind, { host: value }) },
  header: {
    typed: '--header',
    allowed: 'http and https: "Name: value"',
    toOptions: (values, kind) => ifHttp(kind, { headers: Object.fromEntries(values.map(headerOf)) }),
  },
  httpVersion: {
    typed: '--http-version',
    allowed: 'http and https: 1.0 or 1.1',
    toOptions: (value, kind) => (isOneOf(['1.0', '1.1'], value) ? ifHttp(kind, { http_version: value }) : undefined),
  },
  serverName: { typed: '--server-name', allowed: 'https', toOptions: (value, kind) => ifHttps(kind, { server_name: value }) },
  verify: { typed: '--verify', allowed: 'https', toOptions: (value, kind) => ifHttps(kind, { verify: value }) },
  caFile: { typed: '--ca-file', allowed: 'https', toOptions: (value, kind) => ifHttps(kind, { ca_file: value }) },
  send: { typed: '--send', allowed: 'udp: text:… or hex:…', toOptions: (value, kind) => ifUdp(kind, { send: value }) },
  pingFirst: { typed: '--ping-first', allowed: 'udp', toOptions: (value, kind) => ifUdp(kind, { ping_first: value }) },
};

/** All of them, for the declaration of commands. */
export const checkFlagNames = Object.keys(flags) as readonly FlagName[];

function ifHttp(kind: string, options: Options): Options | undefined {
  return isHttp(kind) ? options : undefined;
}

function ifHttps(kind: string, tls: Options): Options | undefined {
  return kind === 'https' ? { tls } : undefined;
}

function ifUdp(kind: string, udp: Options): Options | undefined {
  return kind === 'udp' ? { udp } : undefined;
}

function isOneOf(choices: readonly string[], value: string): boolean {
  return choices.includes(value);
}

function statusExpression(text: string): StatusExpression {
  const trimmed = text.trim();
  const expression = /^\d+$/.test(trimmed) ? Number(trimmed) : trimmed;
  if (statusRange(expression) !== undefined) return expression;
  throw new CodedError('usage', `--expect ${printable(trimmed)} is not a status; allowed: ${allowedStatusForms}`);
}

function headerOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  // Not quoted: it may hold credentials.
  if (colon < 1) throw new CodedError('usage', '--header is not of the form "Name: value"');
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

/** The options that the flags give to a check of this kind. Flags of other kinds are passed over; see {@link unusedFlag}. */
export function optionsOfFlags(given: CheckFlags, kind: string): Options {
  let options: Options = {};
  for (const name of checkFlagNames) options = merged(options, optionsOf(given, name, kind) ?? {});
  return options;
}

/** @returns a sentence about the first flag that none of these kinds takes; undefined if all are used */
export function unusedFlag(given: CheckFlags, kinds: readonly string[]): string | undefined {
  const unused = checkFlagNames.find(
    (name) => given[name] !== undefined && kinds.every((kind) => optionsOf(given, name, kind) === undefined),
  );
  if (unused === undefined) return undefined;
  const { typed, allowed } = flags[unused];
  const value = given[unused];
  const shown = typeof value === 'string' ? ` ${printable(value)}` : '';
  return `${typed}${shown} does not go with ${[...new Set(kinds)].join(' and ')}; it is for ${allowed}`;
}

function optionsOf<Name extends FlagName>(given: CheckFlags, name: Name, kind: string): Options | undefined {
  const value = given[name];
  return value === undefined ? undefined : (flags[name] as Flag<typeof value>).toOptions(value, kind);
}

/** Options that are mappings (`tls`, `udp`) are put together from several flags. */
function merged(below: Options, above: Options): Options {
  const entries = Object.entries(above).map(([key, value]): [string, unknown] => {
    const before = below[key];
    return [key, isMapping(before) && isMapping(value) ? { ...before, ...value } : value];
  });
  return { ...below, ...Object.fromEntries(entries) };
}

function isMapping(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
