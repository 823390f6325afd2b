/** `vitald probe`: one probe each, now, from here. Source: interface.md "Command line". */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { parseDuration } from '../config/duration.js';
import { CodedError } from '../errors.js';
import type { StatusExpression } from '../health/expected-status.js';
import { probeOnce, type OneShotTarget, type Outcome } from '../probes/one-shot.js';
import { pingKind } from '../probes/ping/kind.js';
import { NetPingProbe } from '../probes/ping/net-ping.js';
import type { CheckSettings, ProbeKind } from '../probes/probe.js';
import { printable } from '../probes/printable.js';
import { probeKinds } from '../probes/registry.js';
import type { Io } from './io.js';

export interface ProbeOptions {
  readonly timeout: string;
  readonly count: string;
  readonly json: boolean;
  readonly source?: string;
  readonly interface?: string;
  readonly method?: string;
  readonly expect?: string;
}

interface Request {
  readonly url: string;
  readonly kind: ProbeKind;
  readonly where: OneShotTarget;
  readonly settings: CheckSettings;
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, ping: 0 };
const pauseMs = 200;

/**
 * @returns the exit code: 0 all passed, 1 one did not, 3 this machine does not permit it
 * @throws CodedError usage
 */
export async function probeCommand(urls: readonly string[], options: ProbeOptions, io: Io): Promise<number> {
  const count = wholeNumber(options.count);
  const requests: Request[] = [];
  for (const url of urls) requests.push(await parse(url, options));
  const outcomes: Outcome[] = [];
  for (let round = 0; round < count; round++) {
    if (round > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    for (const request of requests) {
      const outcome = await probeOnce((context) => request.kind.create(context), request.settings, request.where);
      outcomes.push(outcome);
      io.out(options.json ? `${JSON.stringify(asData(request, outcome))}\n` : `${asText(request, outcome, io)}\n`);
    }
  }
  if (outcomes.some((outcome) => outcome.reason === 'checker_permission')) return 3;
  return outcomes.every((outcome) => outcome.kind === 'pass') ? 0 : 1;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new CodedError('usage', `--count ${printable(text)} is not a whole number from 1 to 10000`);
  return number;
}

async function parse(text: string, options: ProbeOptions): Promise<Request> {
  const match = /^([a-z]+):\/\/(\[[^\]]+\]|[^/:?#]+)(?::(\d+))?([/?].*)?$/i.exec(text);
  const [, scheme = '', host = '', portText, path] = match ?? [];
  const kind = kindFor(scheme.toLowerCase(), options);
  if (match === null || kind === undefined) {
    throw new CodedError(
      'usage',
      `${printable(text, 200)} is not something to probe; write for example tcp://10.0.0.1:80, ping://10.0.0.1, udp://10.0.0.1:53, http://10.0.0.1:8080/health or https://[fd00::1]/`,
    );
  }
  const port = portText === undefined ? defaultPorts[kind.name] : Number(portText);
  if (port === undefined || port > 65535 || (port === 0 && kind.usesPort)) {
    throw new CodedError('usage', `${printable(text, 200)} needs a port from 1 to 65535: ${scheme}://${host}:PORT`);
  }
  const name = host.replace(/^\[|\]$/g, '');
  return { url: text, kind, where: { ...(await resolve(name)), port }, settings: settingsOf(kind, name, path, portText, options) };
}

/**
 * Pings of the command line go by the net-ping package: one session for one question. Where they must leave from a
 * certain place, which it cannot choose, they go as the daemon's own.
 */
function kindFor(scheme: string, options: ProbeOptions): ProbeKind | undefined {
  return scheme === 'ping' && options.source === undefined && options.interface === undefined
    ? { ...pingKind, create: (context) => new NetPingProbe(context) }
    : probeKinds.find((kind) => kind.name === scheme);
}

async function resolve(host: string): Promise<Omit<OneShotTarget, 'port'>> {
  const family = isIP(host);
  if (family !== 0) return { address: host, family: family === 4 ? 4 : 6 };
  try {
    const found = await lookup(host);
    return { address: found.address, family: found.family === 4 ? 4 : 6 };
  } catch {
    throw new CodedError('usage', `${printable(host, 200)} is neither an IP address nor a name that this machine can resolve`);
  }
}

function settingsOf(
  kind: ProbeKind,
  host: string,
  path: string | undefined,
  port: string | undefined,
  options: ProbeOptions,
): CheckSettings {
  const timeoutMs = parseDuration(options.timeout);
  if (timeoutMs === undefined || timeoutMs < 1)
    throw new CodedError('usage', `--timeout ${printable(options.timeout)} is not a duration such as 500ms, 2s or 1m`);
  return {
    timeoutMs,
    source: options.source,
    interface: options.interface,
    options: 'path' in kind.optionsSchema ? httpOptions(kind, host, path, port, options) : {},
  };
}

function httpOptions(
  kind: ProbeKind,
  host: string,
  path: string | undefined,
  port: string | undefined,
  options: ProbeOptions,
): Record<string, unknown> {
  const written: Record<string, unknown> = {
    path: path === undefined ? '/' : path.startsWith('/') ? path : `/${path}`,
    ...(isIP(host) === 0 && { host: port === undefined ? host : `${host}:${port}` }),
    ...(options.method !== undefined && { method: options.method.toUpperCase() }),
    ...(options.expect !== undefined && { expected_status: options.expect.split(',').map(statusExpression) }),
  };
  const problem = kind.validate?.(written)[0];
  if (problem !== undefined) throw new CodedError('usage', `${problem.path.join('.')} ${problem.message}`);
  return written;
}

function statusExpression(text: string): StatusExpression {
  return /^\d+$/.test(text.trim()) ? Number(text) : text.trim();
}

function asData({ url, where }: Request, outcome: Outcome): Record<string, unknown> {
  const { kind, reason, detail, rttMs, method } = outcome;
  return {
    url,
    address: where.address,
    port: where.port,
    outcome: kind,
    reason,
    detail,
    rtt_seconds: Number.isNaN(rttMs) ? null : rttMs / 1000,
    method,
  };
}

const colors = { pass: '\u001b[32m', fail: '\u001b[31m', indeterminate: '\u001b[33m' } as const;

function asText({ url }: Request, { kind, reason, detail, rttMs, method }: Outcome, io: Io): string {
  const word = io.color ? `${colors[kind]}${kind}\u001b[0m` : kind;
  const rtt = Number.isNaN(rttMs) ? '' : `  ${rttMs.toFixed(2)} ms`;
  return `${word}  ${url}  ${reason}${detail === '' ? '' : `: ${detail}`}${rtt}  (${method})`;
}
