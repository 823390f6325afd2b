/** The backends of one listener. Linear in their number: 100,000 of them are usual input here. */
import { formatEndpoint } from '../../endpoint.js';
import { parseAddress, Refusal, splitEndpoint, unbracketedEndpoint } from '../address.js';
import { quotedIfHarmless } from '../quoting.js';
import type { BackendPlan } from '../plan.js';
import type { ValuePath } from '../problem.js';
import type { ResolveContext } from './context.js';
import type { RawBackend, RawListener } from './raw.js';

export interface PlacedBackend {
  readonly plan: BackendPlan;
  readonly path: ValuePath;
}

/** @param checkPort undefined: each backend's own port is probed */
export function resolveBackends(
  context: ResolveContext,
  listener: RawListener,
  listenerPath: ValuePath,
  checkPort: number | undefined,
): PlacedBackend[] {
  const placed: PlacedBackend[] = [];
  const twins = new TwinFinder(context);
  for (const [index, raw] of (listener.backends ?? []).entries()) {
    if (raw === undefined) continue;
    const path = [...listenerPath, 'backends', index];
    const plan =
      typeof raw === 'string'
        ? fromText(context, raw, path, listener, listenerPath)
        : fromMapping(context, raw, path, listener, listenerPath);
    if (plan === undefined || twins.isTwin(plan, path)) continue;
    placed.push({ plan: checkPort === undefined ? plan : { ...plan, checkPort }, path });
  }
  return placed;
}

const defaultWeight = 1;

function fromText(
  context: ResolveContext,
  text: string,
  path: ValuePath,
  listener: RawListener,
  listenerPath: ValuePath,
): BackendPlan | undefined {
  const endpoint = splitEndpoint(text);
  if (endpoint instanceof Refusal) {
    context.problem(path, endpoint.message);
    return undefined;
  }
  if (endpoint.port === 0) {
    context.problem(path, `the port of ${quotedIfHarmless(text)} is 0; allowed: 1 to 65535`);
    return undefined;
  }
  return build(
    context,
    { address: endpoint.address, ...(endpoint.port !== undefined && { port: endpoint.port }) },
    { path, addressPath: path, form: text.startsWith('[') ? 'bracketed' : 'text' },
    listener,
    listenerPath,
  );
}

function fromMapping(
  context: ResolveContext,
  raw: RawBackend,
  path: ValuePath,
  listener: RawListener,
  listenerPath: ValuePath,
): BackendPlan | undefined {
  if (raw.address === undefined) return undefined;
  const endpoint = splitEndpoint(raw.address);
  if (!(endpoint instanceof Refusal) && endpoint.port !== undefined) {
    context.problem([...path, 'address'], `${quotedIfHarmless(raw.address)} holds a port; write the port under "port"`);
    return undefined;
  }
  return build(context, raw, { path, addressPath: [...path, 'address'], form: 'mapping' }, listener, listenerPath);
}

/** Where and how a backend is written. */
interface Place {
  readonly path: ValuePath;
  readonly addressPath: ValuePath;
  /** As text with brackets around the address, as text without, or as a mapping of `address` and `port`. */
  readonly form: 'bracketed' | 'text' | 'mapping';
}

function build(
  context: ResolveContext,
  raw: RawBackend,
  { path, addressPath, form }: Place,
  listener: RawListener,
  listenerPath: ValuePath,
): BackendPlan | undefined {
  const parsed = parseAddress(raw.address!);
  const port = raw.port ?? listener.port;
  const meant = raw.port === undefined && form !== 'bracketed' ? unbracketedEndpoint(raw.address!) : undefined;
  if (parsed instanceof Refusal) context.problem(addressPath, parsed.message);
  else if (port === undefined && !context.isBroken([...path, 'port']) && !context.isBroken([...listenerPath, 'port'])) {
    const hint = meant === undefined ? '' : `; if ${meant.port} is its port, write ${spelled(meant.address, meant.port, form)}`;
    context.problem(path, `has no port; name one here or as the port of the listener${hint}`);
  }
  if (parsed instanceof Refusal || port === undefined) return undefined;
  const { address, family } = parsed;
  if (meant !== undefined) {
    context.warning(
      addressPath,
      `${quotedIfHarmless(raw.address!)} is an address without a port, since an IPv6 address before a port needs brackets; it gets port ${port}. ` +
        `If ${meant.port} is its port, write ${spelled(meant.address, meant.port, form)}, if not, ${spelled(address, port, form)}`,
    );
  }
  return { id: raw.name ?? formatEndpoint(address, port), address, family, port, checkPort: port, weight: raw.weight ?? defaultWeight };
}

/** How address and port are written without doubt. */
function spelled(address: string, port: number, form: Place['form']): string {
  return form === 'mapping' ? `{ address: "${address}", port: ${port} }` : formatEndpoint(address, port);
}

/** Finds backends that are there twice, by name or by address and port. Neither can look like the other: a name has no colon. */
class TwinFinder {
  readonly #names = new Map<string, ValuePath>();
  readonly #endpoints = new Map<string, ValuePath>();

  constructor(private readonly context: ResolveContext) {}

  /** True, after telling the problem, where the backend was there before. */
  isTwin(plan: BackendPlan, path: ValuePath): boolean {
    const endpoint = formatEndpoint(plan.address, plan.port);
    const isNamed = plan.id !== endpoint;
    const sameEndpoint = this.#endpoints.get(endpoint);
    const sameName = isNamed ? this.#names.get(plan.id) : undefined;
    if (sameEndpoint !== undefined) {
      this.context.problem(path, `duplicate backend ${endpoint}; first defined on line ${this.#line(sameEndpoint)}`);
    } else if (sameName !== undefined) {
      this.context.problem([...path, 'name'], `duplicate backend name ${plan.id}; first defined on line ${this.#line(sameName)}`);
    }
    if (sameEndpoint !== undefined || sameName !== undefined) return true;
    this.#endpoints.set(endpoint, path);
    if (isNamed) this.#names.set(plan.id, path);
    return false;
  }

  #line(path: ValuePath): number {
    return this.context.position(path).line;
  }
}
