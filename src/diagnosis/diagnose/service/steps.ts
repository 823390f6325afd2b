/**
 * The steps, in their order. Each changes one thing against the check's own request, and is left out where that can
 * tell nothing. A diagnosis makes about a dozen connections at most.
 */
import type { Method } from '../../../probes/http/options.js';
import type { Step, StepContext } from '../step.js';
import { exchange, type Ask } from './exchange.js';
import type { Exchange, HostTry, ServiceFacts } from './facts.js';
import { hostCandidates } from './host-candidates.js';
import { accepted, inTime } from './judge.js';
import { isRedirect, redirectTarget } from './redirect.js';
import { httpOptionsOf, requestTo, schemeOf, silentConnection, type Change } from './requests.js';

/** How much longer than the check a diagnosis waits for the check's own request, to tell slow from silent. */
const patience = 5;
const longestPatienceMs = 8_000;
/** At least so much longer than the check. */
const leastPatienceMs = 1_000;
/** Where the check's own request found silence, a changed one gets so long. */
const shortWaitMs = 800;
const greetingMs = 500;
/** However long the check's timeout is: the whole diagnosis has 15 s. */
const longestRequestMs = 12_000;
/** A late answer is asked for once more where that does not take longer. */
const longestRepetitionMs = 2_500;

/** The facts that one exchange fills. */
type ExchangeField = { [Key in keyof ServiceFacts]: ServiceFacts[Key] extends Exchange ? Key : never }[keyof ServiceFacts];

const unanswered = ['malformed', 'closed', 'reset', 'silent'];
/** What a TLS port may answer to a plain request, and a plain name-based site to an unknown name. */
const refusals = [400, 403, 404, 421, 426, 497, 501, 505];

function patienceMs({ check: { timeoutMs } }: StepContext['subject']): number {
  return Math.min(longestRequestMs, Math.max(timeoutMs + leastPatienceMs, Math.min(patience * timeoutMs, longestPatienceMs)));
}

/** How long a changed request may take: as the own one did, and some more. */
function waitFor({ facts }: StepContext): number {
  const own = facts.service.asChecked;
  if (own === undefined || own.end === 'silent' || own.reason === 'tls_timeout') return shortWaitMs;
  return Math.min(3_000, Math.max(1_000, 2 * own.totalMs));
}

/** Why nothing further need be asked; undefined: the check's own request failed, and a change may tell why. */
function nothingToAsk({ subject, facts }: StepContext): string | undefined {
  const own = facts.service.asChecked;
  if (schemeOf(subject) === undefined) return `a ${subject.check.type} check makes no HTTP request`;
  if (own === undefined) return 'the check’s own request was not made';
  if (own.end === 'connect_failed') return 'there was no connection to ask on';
  if (accepted(subject, own) && inTime(subject, own) && own.status < 400) return 'the check’s own request was answered as it should be';
  return undefined;
}

function portNotOpen({ subject, facts }: StepContext): string | undefined {
  const syn = facts.network.checkPort;
  if (syn === undefined || syn.answer === 'open' || syn.answer === 'not_sent') return undefined;
  return `port ${subject.checkPort} is not open (${syn.answer})`;
}

async function ask(context: StepContext, field: ExchangeField, request: Ask): Promise<string> {
  const result = await exchange(request, context.signal);
  context.facts.service[field] = result;
  return result.evidence.got;
}

interface Variation {
  readonly name: string;
  readonly field: ExchangeField;
  readonly change: (context: StepContext) => Change;
  /** Why it would tell nothing, although the check's own request failed. */
  readonly useless: (own: Exchange, context: StepContext) => string | undefined;
}

/** A step that makes the check's own request with one thing changed. */
function variation({ name, field, change, useless }: Variation): Step {
  return {
    name,
    leaveOut: (context) => nothingToAsk(context) ?? useless(context.facts.service.asChecked!, context),
    run: (context) => ask(context, field, requestTo(context.subject, change(context), waitFor(context))),
  };
}

const noTls = (own: Exchange): string | undefined => (own.end === 'tls_failed' ? 'TLS failed before any request' : undefined);
const isSlow = (own: Exchange, { subject }: StepContext): boolean => accepted(subject, own) && !inTime(subject, own);
const onlySlow = 'the answer is right, only late';

const asChecked = {
  name: 'the check’s own request, with more patience',
  leaveOut: (context) =>
    schemeOf(context.subject) === undefined ? `a ${context.subject.check.type} check makes no HTTP request` : portNotOpen(context),
  limitMs: longestRequestMs,
  run: (context) => ask(context, 'asChecked', requestTo(context.subject, {}, patienceMs(context.subject))),
} satisfies Step & { readonly limitMs: number };

const saysNothing: Step = {
  name: 'a connection on which nothing is said',
  leaveOut: (context) => {
    const { subject, facts } = context;
    if (subject.check.type === 'ping') return subject.port === 0 ? 'no port is known' : undefined;
    const { asChecked: own } = facts.service;
    const unclear = own !== undefined && (unanswered.includes(own.end) || own.end === 'tls_failed');
    return nothingToAsk(context) ?? (unclear ? undefined : 'the backend answered');
  },
  run: (context) => {
    const { subject } = context;
    const port = subject.check.type === 'ping' ? subject.port : subject.checkPort;
    return ask(context, 'saysNothing', silentConnection(subject, port, greetingMs));
  },
};

const withTls: Step = {
  name: 'the same port with TLS',
  leaveOut: (context) => {
    const { subject, facts } = context;
    if (subject.check.type === 'tcp') return portNotOpen(context);
    if (subject.check.type === 'https') return 'the check has TLS itself';
    const own = facts.service.asChecked;
    const unclear = own !== undefined && (unanswered.includes(own.end) || refusals.includes(own.status ?? 0));
    return nothingToAsk(context) ?? (unclear ? undefined : 'the backend answered in plain HTTP');
  },
  run: (context) => ask(context, 'withTls', requestTo(context.subject, { scheme: 'https' }, Math.max(shortWaitMs, waitFor(context)))),
};

const withoutTls = variation({
  name: 'the same port without TLS',
  field: 'withoutTls',
  change: () => ({ scheme: 'http' }),
  useless: (own, { subject }) =>
    subject.check.type === 'https' && own.end === 'tls_failed' && own.certificate === undefined ? undefined : 'TLS is not what failed',
});

const otherMethod = variation({
  name: 'another method',
  field: 'otherMethod',
  change: ({ subject }) => ({ method: anotherMethod(httpOptionsOf(subject).method) }),
  useless: (own, context) => noTls(own) ?? (isSlow(own, context) ? onlySlow : undefined),
});

function anotherMethod(method: Method): Method {
  return method === 'GET' ? 'HEAD' : 'GET';
}

const root = variation({
  name: 'the path /',
  field: 'root',
  change: () => ({ path: '/' }),
  useless: (own, { subject }) => noTls(own) ?? (httpOptionsOf(subject).path === '/' ? 'it is the check’s own path' : undefined),
});

const otherVersion = variation({
  name: 'another version of HTTP',
  field: 'otherVersion',
  change: ({ subject }) => ({ version: httpOptionsOf(subject).http_version === '1.1' ? '1.0' : '1.1' }),
  useless: (own) =>
    noTls(own) ??
    (['malformed', 'closed', 'reset'].includes(own.end) || refusals.includes(own.status ?? 0) ? undefined : 'the version is accepted'),
});

const otherHosts: Step = {
  name: 'other names in Host, and none',
  leaveOut: (context) => {
    const own = context.facts.service.asChecked;
    const refused = own !== undefined && (own.end === 'closed' || own.end === 'reset' || refusals.includes(own.status ?? 0));
    return nothingToAsk(context) ?? (refused ? undefined : 'the answer does not speak of the name');
  },
  run: async (context) => {
    const tries: HostTry[] = [];
    // One after the other: a backend with one worker would be slow with all of them.
    for (const host of hostCandidates(context.subject, context.facts)) {
      const change: Change = host === undefined ? { host: null, version: '1.0' } : { host };
      tries.push({ host, exchange: await exchange(requestTo(context.subject, change, waitFor(context)), context.signal) });
    }
    context.facts.service.otherHosts = tries;
    return tries.map((tried) => `${tried.host ?? 'none'}: ${tried.exchange.status ?? tried.exchange.end}`).join('; ');
  },
};

const followed: Step = {
  name: 'what the redirect leads to',
  leaveOut: ({ subject, facts: { service } }) => {
    if (!isRedirect(service.asChecked)) return 'the answer is no redirect';
    const target = redirectTarget(subject, service.asChecked);
    if (target === undefined) return 'its Location cannot be followed';
    if (target.isSame) return 'it leads to itself';
    return [80, 443, subject.port, subject.checkPort].includes(target.port) ? undefined : 'it leads to a port of another service';
  },
  run: (context) => {
    const { scheme, host, path, port } = redirectTarget(context.subject, context.facts.service.asChecked)!;
    return ask(context, 'followed', requestTo(context.subject, { scheme, host, path, port }, waitFor(context)));
  },
};

const forwarded = variation({
  name: 'as if a balancer had taken the TLS off',
  field: 'forwarded',
  change: () => ({ header: ['X-Forwarded-Proto', 'https'] }),
  useless: (own, { subject }) =>
    redirectTarget(subject, own)?.scheme === 'https' && schemeOf(subject) === 'http' ? undefined : 'the answer is no redirect to https',
});

const repeated = variation({
  name: 'the check’s own request once more',
  field: 'repeated',
  change: () => ({}),
  useless: (own) => {
    if (own.end === 'silent' || own.reason === 'tls_timeout') return 'it would wait in vain';
    return own.totalMs > longestRepetitionMs ? 'it would take too long' : undefined;
  },
});

export const serviceSteps: readonly Step[] = [
  asChecked,
  saysNothing,
  withTls,
  withoutTls,
  otherMethod,
  root,
  otherVersion,
  otherHosts,
  followed,
  forwarded,
  repeated,
];
