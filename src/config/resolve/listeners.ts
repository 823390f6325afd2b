/** All listeners of the file. A listener with a mistake does not keep the others from being checked. */
import type { ListenerPlan } from '../plan.js';
import type { ValuePath } from '../problem.js';
import { defaultProfile, profileNamed } from '../profiles/index.js';
import { resolveBackends } from './backends.js';
import { resolveCheck } from './check.js';
import type { ListenerFacts, ResolveContext } from './context.js';
import type { RawListener } from './raw.js';
import { checkSourceAgainstBackends } from './source.js';
import { warnOfTraps } from './traps.js';
import { WrittenCheck } from './written.js';

/** @returns the listeners of which a plan could be made; problems tell of the others */
export function resolveListeners(context: ResolveContext): ListenerPlan[] {
  const raw = context.raw.listeners ?? [];
  if (raw.length === 0 && !context.isBroken(['listeners'])) {
    context.warning(['listeners'], 'there are no listeners: nothing is checked');
  }
  refuseTwins(context, raw);
  return raw.flatMap((listener, index) => (listener === undefined ? [] : (resolveListener(context, listener, index) ?? [])));
}

function refuseTwins(context: ResolveContext, listeners: readonly (RawListener | undefined)[]): void {
  const first = new Map<string, number>();
  listeners.forEach((listener, index) => {
    if (listener?.name === undefined) return;
    const earlier = first.get(listener.name);
    if (earlier === undefined) {
      first.set(listener.name, index);
      return;
    }
    const { line } = context.position(['listeners', earlier, 'name']);
    context.problem(['listeners', index, 'name'], `duplicate listener name ${listener.name}; first defined on line ${line}`);
  });
}

function resolveListener(context: ResolveContext, raw: RawListener, index: number): ListenerPlan | undefined {
  const path = ['listeners', index];
  const { defaults } = context.raw;
  const profileBroken = context.isBroken([...path, 'profile']) || (raw.profile === undefined && context.isBroken(['defaults', 'profile']));
  const profile = profileNamed(raw.profile ?? defaults?.profile ?? defaultProfile.name);
  const protocolBroken = context.isBroken([...path, 'protocol']);
  const written = new WrittenCheck(context, path, raw.check);
  const protocol = raw.protocol ?? 'tcp';
  const isKnown = profile !== undefined && !profileBroken && !protocolBroken && !context.isBroken([...path, 'backend_protocol']);
  const facts = isKnown ? { protocol, profile, backendProtocol: raw.backend_protocol } : undefined;
  if (facts !== undefined) warnOfBackendProtocol(context, facts, path);
  const check = facts && resolveCheck(context, written, facts);
  const backends = resolveBackends(context, raw, path, written.get('port').value);
  if (check?.source !== undefined) checkSourceAgainstBackends(context, written, check.source, backends);
  const checkWarnings =
    check && facts ? warnOfTraps({ context, written, check, backends, listener: { ...facts, path, port: raw.port } }) : [];
  if (backends.length === 0 && (raw.backends ?? []).length === 0 && !context.isBroken([...path, 'backends'])) {
    context.warning(path, 'the listener has no backends: nothing is checked for it');
  }
  if (profile === undefined || check === undefined || raw.name === undefined) return undefined;
  return {
    name: raw.name,
    protocol,
    port: raw.port,
    profile: profile.name,
    check,
    ...(checkWarnings.length > 0 && { checkWarnings }),
    allUnhealthy: raw.all_unhealthy ?? defaults?.all_unhealthy ?? profile.allUnhealthy,
    initial: raw.initial ?? defaults?.initial ?? 'exclude',
    backends: backends.map((backend) => backend.plan),
  };
}

function warnOfBackendProtocol(context: ResolveContext, { protocol, backendProtocol, profile }: ListenerFacts, path: ValuePath): void {
  if (backendProtocol === undefined) return;
  const at = [...path, 'backend_protocol'];
  if (protocol !== 'http' && protocol !== 'https') {
    context.warning(
      at,
      `not used: the listener is of protocol ${protocol}, and only http and https listeners have a backend protocol`,
      'key',
    );
  } else if (!profile.backendProtocols.includes(backendProtocol)) {
    context.warning(at, `${profile.name} speaks only http to its backends, even behind https listeners`);
  }
}
