/** `vitald probe`: one probe each, now, from here. See docs/probes.md. */
import { parseDuration } from '../config/duration.js';
import { CodedError } from '../errors.js';
import { oneShotErrors, probeOnce, type Outcome } from '../probes/one-shot.js';
import { unusedFlag, type CheckFlags } from '../probes/check-flags.js';
import { oneShotKind } from '../probes/ping/one-shot.js';
import { printable } from '../probes/printable.js';
import { parseProbeUrl, type ProbeUrl } from '../probes/url.js';
import type { Io } from './io.js';

export interface ProbeOptions extends CheckFlags {
  readonly timeout: string;
  readonly count: string;
  readonly json: boolean;
  readonly source?: string;
  readonly interface?: string;
}

type Request = ProbeUrl;

const pauseMs = 200;

/**
 * @returns the exit code: 0 all passed, 1 one did not, 3 this machine does not permit it
 * @throws CodedError usage
 */
export async function probeCommand(urls: readonly string[], options: ProbeOptions, io: Io): Promise<number> {
  const count = wholeNumber(options.count);
  if (count > 1) io.endWhenClosed?.();
  const requests: Request[] = [];
  for (const url of urls) requests.push(await parse(url, options));
  const kinds = requests.map(({ kind }) => kind.name);
  const unused = unusedFlag(options, kinds);
  if (unused !== undefined) throw new CodedError('usage', unused);
  const outcomes: Outcome[] = [];
  const icmp = oneShotErrors();
  for (let round = 0; round < count; round++) {
    if (round > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    for (const request of requests) {
      const outcome = await probeOnce((context) => request.kind.create(context), request.settings, request.where, icmp);
      outcomes.push(outcome);
      io.out(options.json ? `${JSON.stringify(asData(request, outcome))}\n` : `${asText(request, outcome, io)}\n`);
    }
  }
  if (outcomes.some(({ reason }) => reason === 'checker_permission' || reason === 'checker_source_missing')) return 3;
  return outcomes.every((outcome) => outcome.kind === 'pass') ? 0 : 1;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new CodedError('usage', `--count ${printable(text)} is not a whole number from 1 to 10000`);
  return number;
}

async function parse(text: string, options: ProbeOptions): Promise<Request> {
  const timeoutMs = parseDuration(options.timeout);
  if (timeoutMs === undefined || timeoutMs < 1)
    throw new CodedError('usage', `--timeout ${printable(options.timeout)} is not a duration such as 500ms, 2s or 1m`);
  const request = await parseProbeUrl(text, { ...options, timeoutMs });
  return { ...request, kind: oneShotKind(request.kind, request.settings) };
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
