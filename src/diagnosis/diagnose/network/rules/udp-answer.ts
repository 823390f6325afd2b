/** An answer to the check's datagram that is not the expected one: what came, what was expected, and what that hints at. */
import { printable } from '../../../../probes/printable.js';
import { parsePayload } from '../../../../probes/udp/payload.js';
import type { Evidence } from '../../../report.js';
import { checkLines } from '../../service/proposal.js';
import type { Facts } from '../../facts.js';
import type { Conclusion } from '../../step.js';
import type { Subject } from '../../subject.js';
import { checked } from './views.js';

interface UdpOptions {
  readonly send?: string;
  readonly expect?: string;
}

/** @param evidence of the datagrams that were sent */
export function unexpectedAnswer(subject: Subject, { check }: Facts, evidence: readonly Evidence[]): Conclusion {
  const options = (subject.check.options['udp'] ?? {}) as UdpOptions;
  const outcome = check?.outcomes.find(({ reason }) => reason === 'reply_mismatch');
  const answer = answerIn(outcome?.detail ?? '');
  const expected = bytesOf(options.expect);
  const all = [...evidence, ...(check?.evidence ?? [])];
  const conclusion = { code: 'answer_malformed', certainty: 'likely', evidence: all } as const;
  if (answer === undefined || expected === undefined) {
    return { ...conclusion, summary: `${checked(subject)} answers something other than the check expects.` };
  }
  const advice = hint(answer.bytes, expected, bytesOf(options.send) ?? Buffer.alloc(0));
  return {
    ...conclusion,
    summary: `${checked(subject)} answers ${answer.shown}, and the check expects an answer that begins with ${printable(expected)}.`,
    ...(advice !== undefined && { advice }),
    ...proposal(options, answer),
  };
}

interface Answer {
  readonly bytes: Buffer;
  /** There was more than is shown. */
  readonly isCut: boolean;
  /** In quotes, without control characters. */
  readonly shown: string;
}

/** The answer as the probe's detail has it (probes/udp/probe.ts): quoted, printable, at most 40 characters. */
function answerIn(detail: string): Answer | undefined {
  const shown = /^answer ("(?:[^"\\]|\\.)*")/.exec(detail)?.[1];
  if (shown === undefined) return undefined;
  const text = JSON.parse(shown) as string;
  const isCut = text.endsWith('…');
  return { bytes: Buffer.from(isCut ? text.slice(0, -1) : text, 'latin1'), isCut, shown };
}

function bytesOf(notation: string | undefined): Buffer | undefined {
  const parsed = notation === undefined ? undefined : parsePayload(notation);
  return typeof parsed === 'string' ? undefined : parsed;
}

/** What the difference hints at; undefined: nothing beyond the remedy of the table. */
function hint(answer: Buffer, expected: Buffer, sent: Buffer): string | undefined {
  if (answer.length === 0) return 'The answer is empty: an empty datagram begins with nothing that could be expected.';
  if (sent.length > 0 && sent.equals(answer))
    return 'The answer is the datagram that was sent: an echo service has this port, or something on the way sends datagrams back.';
  if (expected.length > answer.length && expected.subarray(0, answer.length).equals(answer))
    return 'The answer is the beginning of what is expected: expect fewer bytes.';
  if (answer.includes(expected))
    return 'The expected bytes are in the answer, but not at its beginning, and only the beginning is compared.';
  const [inAnswer, inExpected] = [answer, expected].map((bytes) => bytes.toString('latin1').toLowerCase());
  if (inAnswer!.startsWith(inExpected!)) return 'The two differ in upper and lower case alone.';
  return undefined;
}

/** So many bytes are enough to know an answer again, and seldom hold what changes from answer to answer. */
const proposedBytes = 16;

/** The lines that take this answer for a good one. */
function proposal({ send }: UdpOptions, { bytes }: Answer): Partial<Conclusion> {
  if (bytes.length === 0) return {};
  const begin = bytes.subarray(0, proposedBytes);
  const isText = /^[\x20-\x7e]+$/.test(begin.toString('latin1'));
  const expect = isText ? `text:${begin.toString('latin1')}` : `hex:${begin.toString('hex')}`;
  return { yaml: checkLines({ udp: { ...(send !== undefined && { send }), expect } }, 'if this is how a good answer begins') };
}
