/** All listeners of the file. A listener with a mistake does not keep the others from being checked. */
import type { ListenerPlan } from '../plan.js';
import { defaultProfile, profileNamed } from '../profiles/index.js';
import { resolveBackends } from './backends.js';
import { resolveCheck } from './check.js';
import type { ResolveContext } from './context.js';
import type { RawListener } from './raw.js';
import { checkSourceAgainstBackends } from './source.js';
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
    context.problem(['listeners', index, 'name'], `a second listener is named ${listener.name}; the first is in line ${line}`);
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
  const check =
    profile === undefined || profileBroken || protocolBroken ? undefined : resolveCheck(context, written, { protocol, profile });
  const backends = resolveBackends(context, raw, path, written.get('port').value);
  if (check?.source !== undefined) checkSourceAgainstBackends(context, written, check.source, backends);
  if (backends.length === 0 && (raw.backends ?? []).length === 0 && !context.isBroken([...path, 'backends'])) {
    context.warning(path, `the listener ${raw.name ?? index} has no backends: nothing is checked for it`);
  }
  if (profile === undefined || check === undefined || raw.name === undefined) return undefined;
  return {
    name: raw.name,
    protocol,
    port: raw.port,
    profile: profile.name,
    check,
    allUnhealthy: raw.all_unhealthy ?? defaults?.all_unhealthy ?? profile.allUnhealthy,
    initial: raw.initial ?? defaults?.initial ?? 'exclude',
    backends: backends.map((backend) => backend.plan),
  };
}
