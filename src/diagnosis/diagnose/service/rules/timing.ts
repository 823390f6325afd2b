/** Late answers and none. */
import { formatDuration } from '../../../../config/duration.js';
import { inMs } from '../exchange.js';
import { accepted, answeredPlainly, inTime, isSuccess, sure } from '../judge.js';
import { checkLines } from '../proposal.js';
import { httpOptionsOf } from '../requests.js';
import type { Conclusion } from '../../step.js';
import type { Subject } from '../../subject.js';
import { evidenceOf, type Case, type Explain } from './explain.js';

/** Above what was needed, for answers take longer at times. */
const margin = 1.5;

export const answersLate: Explain = (failing) => {
  const { subject, own } = failing;
  return accepted(subject, own) && !inTime(subject, own) ? lateAnswer(failing) : [];
};

/** An answer that is late, and wrong besides: the second thing to mend. */
export const wrongAndLate: Explain = ({ subject, own }) => {
  if (own.end !== 'answered' || accepted(subject, own) || inTime(subject, own)) return [];
  const summary = `Besides, the answer took ${inMs(own.totalMs)}, and the check waits ${formatDuration(subject.check.timeoutMs)}.`;
  return [{ code: 'slow_response', certainty: 'possible', summary, evidence: evidenceOf(own) }];
};

function lateAnswer({ subject, facts, service, own }: Case): readonly Conclusion[] {
  const { root, repeated } = service;
  const neededMs = Math.max(own.totalMs, accepted(subject, repeated) ? repeated.totalMs : 0);
  const needed = repeated === undefined ? inMs(own.totalMs) : `${inMs(own.totalMs)} (the second time ${inMs(repeated.totalMs)})`;
  const limit = formatDuration(subject.check.timeoutMs);
  const evidence = evidenceOf(own, root, repeated);
  const isPage = isSuccess(root) && root!.totalMs < own.totalMs / 3;
  const page = isPage ? `; the path / takes ${inMs(root!.totalMs)}, so that it is this page that is slow` : '';
  const timeoutMs = enough(neededMs);
  const network = own.connectMs > own.totalMs / 2 ? ` Most of it, ${inMs(own.connectMs)}, went by before the connection stood.` : '';
  return [
    {
      code: 'slow_response',
      certainty: own.connectMs > own.totalMs / 2 ? 'possible' : sure(subject, facts),
      summary: `The backend gives the right answer (HTTP ${own.status}), but needs ${needed} for it, and the check waits ${limit}${page}.${network}`,
      evidence,
    },
    {
      code: 'timeout_too_short',
      certainty: 'likely',
      summary: `If ${inMs(neededMs)} is usual for this page, the timeout of ${limit} is too short: ${formatDuration(timeoutMs)} would do.`,
      evidence,
      yaml: checkLines(timing(subject, timeoutMs)),
      advice: 'Some profiles fix the timeout or the interval, see docs/profiles.md; there the page has to become faster.',
    },
  ];
}

/** A timeout that the answer would have met, in round figures. */
function enough(neededMs: number): number {
  const wanted = neededMs * margin;
  const step = wanted < 1_000 ? 100 : wanted < 10_000 ? 500 : 1_000;
  return Math.ceil(wanted / step) * step;
}

/** A timeout above the interval makes probes wait for each other. */
function timing({ check }: Subject, timeoutMs: number): Record<string, string> {
  const timeout = formatDuration(timeoutMs);
  return check.intervalMs >= timeoutMs ? { timeout } : { timeout, interval: formatDuration(timeoutMs) };
}

export const acceptsButSilent: Explain = (failing) => {
  const { subject, own, service } = failing;
  if (own.end !== 'silent') return [];
  const evidence = evidenceOf(own, service.saysNothing, service.root, service.otherMethod, service.withTls);
  const silence = `The backend accepts the connection on port ${subject.checkPort}`;
  const code = 'accepts_but_silent';
  // A diagnosis that ends before the check would have given up has seen nothing.
  const most = own.totalMs < subject.check.timeoutMs ? 'possible' : 'certain';
  if (own.bytesReceived > 0) {
    const summary = `${silence} and begins an answer, but did not end its header within ${inMs(own.totalMs)}.`;
    return [{ code, certainty: most, summary, evidence }];
  }
  if (service.root?.end === 'answered') {
    const { path } = httpOptionsOf(subject);
    const summary = `${silence} and answers /, but was silent about ${path} for ${inMs(own.totalMs)}: what is behind that page hangs.`;
    return [{ code, certainty: most, summary, evidence }];
  }
  // A finished handshake, or an answer to one, is the application’s own work; else the kernel alone may have accepted.
  const isApplication = !Number.isNaN(own.tlsMs) || answeredPlainly(service.withTls) || (service.saysNothing?.bytesReceived ?? 0) > 0;
  const alone = isApplication ? '' : ' It may also be that the kernel alone accepts, because the queue of the application is full.';
  const summary = `${silence} and then says nothing: no byte within ${inMs(own.totalMs)}.${alone}`;
  return [
    { code, certainty: isApplication || most === 'possible' ? most : 'likely', summary, evidence, ...(!isApplication && { advice }) },
  ];
};

const advice = 'vitald doctor on the backend shows the queue of the port, which distinguishes the two.';

/** Checks that time out although this request did not. */
export const sometimesLate: Explain = ({ subject, facts, own }) => {
  const outcomes = facts.check?.outcomes ?? [];
  const late = outcomes.filter(({ reason }) => reason === 'response_timeout' || reason === 'tls_timeout').length;
  // With a long timeout the checks of a diagnosis are cut short: an answer that is slow every time would look like this.
  if (late === 0 || !accepted(subject, own) || own.totalMs > subject.check.timeoutMs / 2) return [];
  const summary = `${late} of ${outcomes.length} checks had no answer within ${formatDuration(subject.check.timeoutMs)}; another request was answered in ${inMs(own.totalMs)}: the backend is slow at times.`;
  return [{ code: 'slow_response', certainty: 'likely', summary, evidence: [...(facts.check?.evidence ?? []), own.evidence] }];
};
