/** Which way this machine's kernel would take, and from which address. */
import { networkInterfaces } from 'node:os';
import { canonicalAddress } from '../../../../probes/raw/addresses.js';
import { printable } from '../../../../probes/printable.js';
import type { Step, StepContext } from '../../step.js';
import type { Route } from '../facts.js';
import { readJsonList, runProgram } from '../run-program.js';
import { isLoopback } from '../loopback.js';

interface RouteEntry {
  readonly type: string;
  readonly gateway: string;
  readonly via: { readonly host?: string };
  readonly dev: string;
  readonly prefsrc: string;
}

export const routeStep: Step = {
  name: 'route and source address',
  async run(context) {
    const { subject, facts, signal } = context;
    const missing = lookAtSource(context);
    const { address, family, check } = subject;
    const args = ['-j', `-${String(family)}`, 'route', 'get', address];
    if (check.source !== undefined && missing === undefined) args.push('from', check.source);
    if (check.interface !== undefined) args.push('oif', check.interface);
    const at = Date.now();
    const ended = await runProgram('ip', args, signal);
    if (ended === undefined) throw new Error('the program ip is not installed (Debian: iproute2)');
    const route = readRoute(ended.out, ended.err.trim());
    const evidence = { sent: `ip ${args.slice(1).join(' ')}`, got: route.detail, at };
    facts.network.route = { ...route, source: route.source ?? check.source, evidence };
    return missing ?? route.detail;
  },
};

/** @returns a sentence where the check's source is not this machine's */
function lookAtSource({ subject: { check }, facts }: StepContext): string | undefined {
  const { source, interface: device } = check;
  if (source === undefined && device === undefined) return undefined;
  const interfaces = networkInterfaces();
  const at = Date.now();
  const addresses = Object.values(interfaces).flatMap((list) => list?.map(({ address }) => address) ?? []);
  const hasSource = source === undefined || isLoopback(source) || addresses.includes(canonicalAddress(source));
  const hasDevice = device === undefined || interfaces[device] !== undefined;
  const got = !hasSource
    ? `${source} is not an address of this machine; it has ${shown(addresses)}`
    : !hasDevice
      ? `${device} is not an interface of this machine, or is down; it has ${shown(Object.keys(interfaces))}`
      : 'there';
  const here = hasSource && hasDevice;
  facts.network.sourceIsHere = { here, evidence: { sent: 'looked for the check’s source on this machine', got, at } };
  return here ? undefined : got;
}

function shown(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.slice(0, 10).join(', ');
}

/**
 * @param out of `ip -j route get`
 * @param err what it complained of, for example “RTNETLINK answers: Network is unreachable”
 */
export function readRoute(out: string, err: string): Omit<Route, 'evidence'> {
  const entry = readJsonList<RouteEntry>(out)[0];
  const gateway = entry?.gateway ?? entry?.via?.host;
  const device = entry?.dev;
  const source = entry?.prefsrc;
  const rest = { gateway, device, source };
  if (entry === undefined || (device === undefined && gateway === undefined)) {
    return { ...rest, kind: 'none', detail: err === '' ? 'the kernel names no route' : printable(err, 200) };
  }
  if (entry.type !== undefined && refusing.includes(entry.type)) return { ...rest, kind: 'none', detail: `a route of type ${entry.type}` };
  const from = source === undefined ? '' : `, from ${source}`;
  if (entry.type === 'local' || device === 'lo') return { ...rest, kind: 'local', detail: `an address of this machine itself${from}` };
  return gateway === undefined
    ? { ...rest, kind: 'on_link', detail: `in the same network, through ${String(device)}${from}` }
    : { ...rest, kind: 'by_gateway', detail: `by the gateway ${gateway}, through ${String(device)}${from}` };
}

const refusing = ['unreachable', 'prohibit', 'blackhole', 'throw'];
