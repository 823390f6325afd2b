/**
 * The steps, in their order. Each changes one thing against the check's own request, and is left out where that can
 * tell nothing. A diagnosis makes about a dozen connections at most.
 */
import type { Step, StepContext } from '../step.js';
import {
  anotherMethod,
  ask,
  askedAlready,
  greetingMs,
  nothingToAsk,
  portNotOpen,
  shortWaitMs,
  waitFor,
  type ExchangeField,
} from './asking.js';
import { exchange } from './exchange.js';
import type { Exchange, HostTry } from './facts.js';
import { hostCandidates } from './host-candidates.js';
import { accepted, inTime } from './judge.js';
import { asChecked } from './patient-request.js';
import { isRedirect, redirectTarget } from './redirect.js';
import { httpOptionsOf, requestTo, schemeOf, silentConnection, type Change } from './requests.js';

/** A late answer is asked for once more where that does not take longer. */
const longestRepetitionMs = 2_500;

const unanswered = ['malformed', 'closed', 'reset', 'silent'];
/** What a TLS port may answer to a plain request. */
const tlsWanted = [400, 426, 497];
/** What a site may answer to an unknown name, or to a version of HTTP that it does not speak. */
const refusals = [400, 403, 404, 421, 426, 501, 505];

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
    leaveOut: (context) => nothingToAsk(context) ?? askedAlready(context, field) ?? useless(context.facts.service.asChecked!, context),
    run: (context) => ask(context, field, requestTo(context.subject, change(context), waitFor(context))),
  };
}

const noTls = (own: Exchange): string | undefined => (own.end === 'tls_failed' ? 'TLS failed before any request' : undefined);
const isSlow = (own: Exchange, { subject }: StepContext): boolean => accepted(subject, own) && !inTime(subject, own);
const onlySlow = 'the answer is right, only late';

const saysNothing: Step = {
  name: 'a connection on which nothing is said',
  leaveOut: (context) => {
    const { subject, facts } = context;
    if (subject.check.type === 'ping') return subject.port === 0 ? 'no port is known' : undefined;
    const { asChecked: own } = facts.service;
    const unclear = own !== undefined && (unanswered.includes(own.end) || own.end === 'tls_failed');
    return nothingToAsk(context) ?? askedAlready(context, 'saysNothing') ?? (unclear ? undefined : 'the backend answered');
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
    const unclear = own !== undefined && (unanswered.includes(own.end) || tlsWanted.includes(own.status ?? 0));
    return nothingToAsk(context) ?? askedAlready(context, 'withTls') ?? (unclear ? undefined : 'the backend answered in plain HTTP');
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
    if (own.end === 'silent' || own.reason === 'tls_timeout') return 'it would wait for nothing';
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
