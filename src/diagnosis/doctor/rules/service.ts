/** The program that listens, and the machine under it: docs/semantics.md items 31 and 33, section 6. */
import type { Evidence } from '../../report.js';
import type { Case, DoctorFacts, Listener } from '../facts.js';
import { ownerText, socketText } from '../looks/sockets.js';
import { evidence, servingListeners, type DoctorConclusion, type DoctorRule } from './rule.js';

export const acceptQueueRule: DoctorRule = (asked, facts) => {
  const listeners = servingListeners(asked, facts).filter(({ protocol }) => protocol === 'tcp');
  const overflows = facts.queue?.overflows ?? 0;
  const full = listeners.filter(isFull);
  const perhaps = listeners.filter(({ waiting, backlog }) => overflows > 0 && (waiting === undefined || waiting >= (backlog ?? 0)));
  const silent = listeners.filter(
    ({ waiting }) => waiting === undefined && facts.local?.end === 'timeout' && facts.firewall?.request.verdict === 'accept',
  );
  const [listener] = [...full, ...perhaps, ...silent];
  if (listener === undefined) return [];
  const { waiting, backlog = '?' } = listener;
  // Several sockets may share a port (SO_REUSEPORT); a connection goes to one of them.
  const among = listeners.length > 1 ? `, of one of its ${listeners.length} sockets,` : '';
  const figures = waiting === undefined ? '' : ` (${waiting} wait, the limit is ${backlog})`;
  return [
    {
      code: 'accept_queue_full',
      certainty: full.length > 0 && full.length === listeners.length ? 'certain' : 'likely',
      stops: true,
      summary: `The accept queue of ${socketText(listener)}${among} is full${figures}: the program, ${ownerText(listener.owner).replace(/^by /, '')}, does not accept connections, or not fast enough.`,
      evidence: [
        evidence(asked, 'the accept queue (ss -ltn)', waiting === undefined ? 'not known' : `${waiting} of ${backlog}`),
        evidence(asked, 'the counter ListenOverflows', `grew by ${overflows} in ${facts.queue?.watchedMs ?? 0} ms`),
        ...localEvidence(asked, facts),
      ],
    },
  ];
};

/** The kernel lets one more wait than the limit says (sk_acceptq_is_full). */
const isFull = ({ waiting, backlog }: Listener): boolean => waiting !== undefined && backlog !== undefined && waiting > backlog;

const localEvidence = (asked: Case, { local }: DoctorFacts): Evidence[] =>
  local === undefined
    ? []
    : [evidence(asked, `a connection to ${local.address}:${local.port}`, `${local.end} after ${local.tookMs.toFixed(1)} ms`)];

export const hostsDenyRule: DoctorRule = (asked, { hosts }) => {
  if (hosts?.deny === undefined) return [];
  const { libwrap, isPartial } = hosts;
  const whether = {
    yes: 'The program that listens obeys it: it uses libwrap.',
    no: 'The program that listens does not use libwrap, so the file matters only if it is reached by way of tcpd.',
    unknown: 'It matters to programs that use libwrap, or are started by way of tcpd; whether this one does could not be seen.',
  }[libwrap];
  const sure = libwrap === 'yes' ? 'certain' : libwrap === 'unknown' ? 'likely' : 'possible';
  return [
    {
      code: 'hosts_deny',
      certainty: isPartial ? 'possible' : sure,
      stops: true,
      summary: `/etc/hosts.deny refuses ${isPartial ? 'some of ' : ''}the checks${asked.question.from === undefined ? '' : ` from ${asked.question.from.text}`}, by “${hosts.deny}”. ${whether}`,
      evidence: [evidence(asked, '/etc/hosts.deny, after /etc/hosts.allow', hosts.deny)],
    },
  ];
};

/** Shares of time in percent, of pressure; from experience: below `busy` services answer as ever. */
const limits = {
  cpu: { busy: 50, stuck: 80 },
  memory: { busy: 5, stuck: 10 },
  io: { busy: 30, stuck: 60 },
  loadPerProcessor: 4,
  memoryLeft: 0.02,
};

export const overloadRule: DoctorRule = (asked, facts) => {
  const { load } = facts;
  if (load === undefined) return [];
  const stuck: string[] = [];
  const busy: string[] = [];
  const weigh = (what: string, share: number | undefined, limit: { busy: number; stuck: number }): void => {
    if (share === undefined || share < limit.busy) return;
    (share >= limit.stuck ? stuck : busy).push(`tasks waited for ${what} ${share} % of the last 10 s`);
  };
  weigh('a processor', load.cpuPressure, limits.cpu);
  weigh('memory', load.memoryPressure, limits.memory);
  weigh('disks', load.ioPressure, limits.io);
  const { processors } = asked;
  if (load.load1 !== undefined && load.load1 > limits.loadPerProcessor * processors)
    busy.push(`the load is ${load.load1} on ${processors} processors`);
  if (load.availableBytes !== undefined && load.totalBytes !== undefined && load.availableBytes < limits.memoryLeft * load.totalBytes) {
    busy.push(`${Math.round(load.availableBytes / 2 ** 20)} MiB of memory are left`);
  }
  if (stuck.length + busy.length === 0) return [];
  return [
    {
      code: 'overloaded',
      certainty: stuck.length > 0 ? 'likely' : 'possible',
      // A busy machine that answers is not unhealthy for it.
      stops: stuck.length > 0,
      summary: `This machine is ${stuck.length > 0 ? 'overloaded' : 'busy'}: ${[...stuck, ...busy].join('; ')}.`,
      evidence: [evidence(asked, '/proc/loadavg, /proc/meminfo, /proc/pressure', load.text), ...localEvidence(asked, facts)],
    },
  ];
};

/** Of UDP checks only: they live by the errors that a closed port sends (docs/semantics.md item 19). */
export const icmpErrorsRule: DoctorRule = (asked, { sysctls }): DoctorConclusion[] => {
  const limit = sysctls?.icmpRateLimit ?? 0;
  if (asked.question.protocol !== 'udp' || limit === 0 || sysctls?.limitsUnreachable !== true) return [];
  return [
    {
      code: 'icmp_errors_limited',
      certainty: 'possible',
      stops: false,
      summary: `This machine sends an address one “port unreachable” each ${limit} ms at most: a UDP check may miss it, and take a closed port for an open one.`,
      evidence: [evidence(asked, 'net.ipv4.icmp_ratelimit and icmp_ratemask (bit 3)', `${limit} ms`)],
    },
  ];
};
