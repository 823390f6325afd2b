/**
 * Checks that say less than they seem to, or that cannot work: warnings of `vitald check`, which the API gives with the
 * listener (`check_warning`). Source: docs/semantics.md section 6, "Known traps".
 *
 * Only what the configuration alone shows, and what is hardly ever meant. A warning about this machine, such as a source
 * address that it lacks at the moment, is not one of these: it would go stale in the API.
 */
import { formatEndpoint } from '../../endpoint.js';
import { statusRange, type StatusExpression } from '../../health/expected-status.js';
import { isLinkLocal } from '../address.js';
import { longestProbeMs } from '../detection.js';
import { formatDuration } from '../duration.js';
import type { CheckPlan } from '../plan.js';
import type { ValuePath } from '../problem.js';
import type { PlacedBackend } from './backends.js';
import { typeByProfile } from './check.js';
import type { ListenerFacts, ResolveContext } from './context.js';
import type { WrittenCheck } from './written.js';

/** What the rules look at. */
interface Subject {
  readonly context: ResolveContext;
  readonly written: WrittenCheck;
  readonly check: CheckPlan;
  readonly listener: ListenerFacts & { readonly path: ValuePath; readonly port: number | undefined };
  readonly backends: readonly PlacedBackend[];
}

interface Trap {
  readonly path: ValuePath;
  /** What happens, and what to do about it. Begins with a word, not with a key, so that it can begin a sentence. */
  readonly message: string;
}

type Rule = (subject: Subject) => Trap | undefined;

/** Warns of each trap that a listener's check is in. @returns the warnings as sentences, for the API */
export function warnOfTraps(subject: Subject): string[] {
  if (!subject.check.enabled) return [];
  return rules.flatMap((rule) => {
    const trap = rule(subject);
    if (trap === undefined) return [];
    subject.context.warning(trap.path, trap.message);
    return [asSentence(trap.message)];
  });
}

function asSentence(message: string): string {
  return `${message.slice(0, 1).toUpperCase()}${message.slice(1)}.`;
}

const pingAlone: Rule = ({ written, check, listener }) => {
  const { value, path } = written.get('type');
  const usual = typeByProfile(listener);
  if (check.type !== 'ping' || (value === 'ping' && usual === 'ping')) return undefined;
  if (value === 'ping') return { path, message: 'ping says that the host is up, not that the service works' };
  const { name } = listener.profile;
  return {
    path,
    message: `ping is how ${name} checks ${listener.protocol} listeners, and says that the host is up, not that the service works; to check the port, set check.type: ${listener.protocol}`,
  };
};

/** A listener of HTTP whose check does not ask the application. */
const portAlone: Rule = ({ written, check, listener: { protocol } }) => {
  if (check.type !== 'tcp' || (protocol !== 'http' && protocol !== 'https')) return undefined;
  return {
    path: written.get('type').path,
    message: `a tcp check says that the port is open, not that the application answers; an http or https check asks it`,
  };
};

const silencePasses: Rule = ({ written, check }) => {
  const { expect, ping_first: pingFirst } = (check.options['udp'] ?? {}) as { readonly expect?: string; readonly ping_first?: boolean };
  if (check.type !== 'udp' || expect !== undefined) return undefined;
  const path = written.pathOf(['udp']);
  if (pingFirst === true) {
    return {
      path,
      message:
        'a udp check without udp.expect passes unless "port unreachable" comes back: a closed port looks healthy if a firewall ' +
        'drops that ICMP error or the host limits its rate; if the service answers, set udp.send and udp.expect',
    };
  }
  return {
    path,
    message:
      'a udp check without udp.expect passes unless an error comes back: a switched-off host in another network, a firewall ' +
      'that drops, and a closed port whose ICMP errors are limited all look healthy (in the same network, a switched-off host is ' +
      'noticed by ARP or neighbor discovery); set udp.send and udp.expect, or at least udp.ping_first: true',
  };
};

/** The usual wrong way round a missing Host or path. */
const errorsAccepted: Rule = ({ written, check }) => {
  const accepted = written.get('expected_status').value as readonly (StatusExpression | undefined)[] | undefined;
  if (!('expected_status' in check.options) || !Array.isArray(accepted)) return undefined;
  const errors = (check.options['expected_status'] as readonly StatusExpression[]).filter(isErrors);
  if (errors.length === 0) return undefined;
  return {
    path: written.pathOf(['expected_status']),
    message: `accepting ${errors.join(', ')} makes a backend that answers with errors healthy`,
  };
};

/** A class or range of errors, or a server's error. A single 4xx is somebody's choice: 401 shows that the login works. */
function isErrors(expression: StatusExpression): boolean {
  const range = statusRange(expression);
  return range !== undefined && range.to >= 400 && (range.to >= 500 || range.from !== range.to);
}

const plainOnTlsPort: Rule = (subject) => {
  const { written, check, listener } = subject;
  const path = check.type === 'http' ? whereChecked(subject, 443) : undefined;
  if (path === undefined) return undefined;
  const isByProfile = listener.protocol === 'https' && written.get('type').value === undefined;
  const remedy = isByProfile ? 'backend_protocol: https in the listener' : 'check.type: https';
  return { path, message: `a plain http check goes to port 443, which usually speaks TLS; if the backends do, set ${remedy}` };
};

const tlsOnPlainPort: Rule = (subject) => {
  const { written, check, listener } = subject;
  const path = check.type === 'https' ? whereChecked(subject, 80) : undefined;
  if (path === undefined) return undefined;
  const isByProfile = written.get('type').value === undefined && listener.protocol === 'https';
  const remedy = isByProfile ? 'backend_protocol: http in the listener' : 'check.type: http';
  return { path, message: `an https check goes to port 80, which usually does not speak TLS; if the backends do not, set ${remedy}` };
};

/** A half-open check does not disturb a TLS service; one that was asked to connect does, each time. */
const connectOnTlsPort: Rule = (subject) => {
  const { method } = (subject.check.options['tcp'] ?? {}) as { readonly method?: string };
  if (subject.check.type !== 'tcp' || method !== 'connect') return undefined;
  const path = whereChecked(subject, 443);
  return (
    path && {
      path,
      message: 'connections to port 443 that end without a TLS handshake are errors in the log of the backend; tcp.method: syn opens none',
    }
  );
};

/** Where it is written that a port is checked: at the check, the listener or a backend; undefined if it is not. */
function whereChecked({ written, check, listener, backends }: Subject, port: number): ValuePath | undefined {
  if (check.port !== undefined) return check.port === port ? written.get('port').path : undefined;
  const backend = backends.find(({ plan }) => plan.checkPort === port);
  if (backend === undefined) return undefined;
  return listener.port === port ? [...listener.path, 'port'] : backend.path;
}

const outlastsInterval: Rule = ({ written, check, listener }) => {
  const { intervalMs, timeoutMs, pace } = check;
  const longestMs = longestProbeMs(check);
  if (pace !== 'fixed_rate' || longestMs <= intervalMs) return undefined;
  // Refused already, by resolve/check.ts.
  if (timeoutMs > intervalMs && listener.profile.timeoutAboveInterval === 'error') return undefined;
  const { path } = written.get('timeout');
  const interval = `longer than the interval of ${formatDuration(intervalMs)}: at a fixed rate the next probe waits until this one has ended`;
  if (timeoutMs > intervalMs) return { path, message: `a timeout of ${formatDuration(timeoutMs)} is ${interval}` };
  return { path, message: `with udp.ping_first a probe takes up to twice the timeout, ${formatDuration(longestMs)}, which is ${interval}` };
};

const sourceIsBackend: Rule = ({ context, written, check: { source }, backends }) => {
  if (source === undefined || /^127\.|^::1$/.test(source)) return undefined;
  const same = backends.find(({ plan }) => plan.address === source);
  if (same === undefined) return undefined;
  const { line } = context.position(same.path);
  return {
    path: written.get('source').path,
    message: `the source ${source} is also the address of the backend in line ${line}: its answers may never leave it`,
  };
};

/** The kernel refuses to send to a link-local address without an interface (EINVAL): such a probe says nothing. */
const linkLocal: Rule = ({ written, check, backends }) => {
  if (check.interface !== undefined) return undefined;
  const remedy = 'which exists on every link; set check.interface to the network interface it is reached through';
  const local = backends.filter(({ plan }) => isLinkLocal(plan.address));
  const [first] = local;
  if (first !== undefined) {
    const more = local.length === 1 ? '' : ` (and ${local.length - 1} more)`;
    return {
      path: first.path,
      message: `the backend ${formatEndpoint(first.plan.address, first.plan.port)}${more} has a link-local address, ${remedy}`,
    };
  }
  if (check.source === undefined || !isLinkLocal(check.source)) return undefined;
  return { path: written.get('source').path, message: `the source ${check.source} is a link-local address, ${remedy}` };
};

/** What is written about certificates, but does not make a check look at them. */
const certificatesIgnored: Rule = ({ written, check }) => {
  const { verify, ca_file: caFile } = (check.options['tls'] ?? {}) as { readonly verify?: boolean; readonly ca_file?: string };
  if (check.type !== 'https' || verify !== false) return undefined;
  if (caFile !== undefined) {
    const path = written.pathOf(['tls', 'ca_file']);
    return { path, message: 'the tls.ca_file is not used: certificates are verified with tls.verify: true only' };
  }
  const path = written.pathOf(['tls', 'verify']);
  // Not verifying is the default, as it is with load balancers: only an explicit setting is worth a warning.
  if (path.at(-1) !== 'verify') return undefined;
  return {
    path,
    message: 'with tls.verify: false any certificate is accepted, also that of a stranger; set it to true if the backends have valid ones',
  };
};

const rules: readonly Rule[] = [
  certificatesIgnored,
  linkLocal,
  sourceIsBackend,
  pingAlone,
  portAlone,
  silencePasses,
  errorsAccepted,
  plainOnTlsPort,
  tlsOnPlainPort,
  connectOnTlsPort,
  outlastsInterval,
];
