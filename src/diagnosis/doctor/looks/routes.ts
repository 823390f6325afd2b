/** The way back to the checks’ source. Source: ip-route(8), linux/Documentation/networking/ip-sysctl.rst (rp_filter). */
import type { Look, LookContext, RouteBack } from '../facts.js';
import { isObject } from '../firewall/json.js';
import { addressText } from '../intervals.js';
import { readNumber, runIfThere, type Machine } from '../machine.js';
import type { Question } from '../options.js';

/** A route for a range may be several: the first and the last of its addresses are asked for. */
function sources({ from }: Question): string[] {
  if (from === undefined) return [];
  if (from.isOne) return [addressText(from.family, from.first)];
  const [first, last] = from.last - from.first > 2n ? [from.first + 1n, from.last - 1n] : [from.first, from.last];
  return [addressText(from.family, first), addressText(from.family, last)];
}

/** @returns undefined where the program `ip` is not there */
async function routeTo(machine: Machine, to: string, from: string | undefined): Promise<RouteBack | undefined> {
  const args = ['-j', 'route', 'get', to, ...(from === undefined ? [] : ['from', from])];
  const ran = await runIfThere(machine, 'ip', args);
  if (ran === undefined) return undefined;
  const asked = `ip ${args.slice(1).join(' ')}`;
  const none = { to, asked, device: undefined, gateway: undefined, isLocal: false };
  if (ran.exitCode !== 0) return { ...none, problem: ran.err.trim() || 'no answer', answer: ran.err.trim() };
  const route = firstOf(ran.out);
  if (route === undefined) return { ...none, problem: 'the answer of ip was not understood', answer: ran.out.trim() };
  const type = word(route['type']) ?? 'unicast';
  if (['unreachable', 'blackhole', 'prohibit'].includes(type)) return { ...none, problem: `the route is ${type}`, answer: ran.out.trim() };
  const [device, gateway] = [word(route['dev']), word(route['gateway'])];
  const answer = [type, gateway && `via ${gateway}`, device && `dev ${device}`].filter(Boolean).join(' ');
  return { to, asked, device, gateway, isLocal: type === 'local', problem: undefined, answer };
}

const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function firstOf(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) && isObject(list[0]) ? list[0] : undefined;
  } catch {
    return undefined;
  }
}

async function hasDefaultRoute(machine: Machine, family: 4 | 6): Promise<boolean | undefined> {
  const ran = await runIfThere(machine, 'ip', [`-${family}`, '-j', 'route', 'show', 'default']);
  return ran?.exitCode === 0 ? firstOf(ran.out) !== undefined : undefined;
}

/** Whether the kernel has asked for a gateway’s hardware address in vain (RFC 826, RFC 4861). */
async function isDead(machine: Machine, gateway: string, device: string): Promise<boolean> {
  const ran = await runIfThere(machine, 'ip', ['-j', 'neigh', 'show', 'to', gateway, 'dev', device]);
  const state = ran?.exitCode === 0 ? firstOf(ran.out)?.['state'] : undefined;
  return Array.isArray(state) && state.includes('FAILED');
}

async function reversePathFilters({ case: { question, interfaces }, machine }: LookContext): Promise<Map<string, number>> {
  const filters = new Map<string, number>();
  // IPv6 has no such setting; firewalls do it there.
  if (question.family === 6) return filters;
  const setting = (name: string): Promise<number | undefined> => readNumber(machine, `/proc/sys/net/ipv4/conf/${name}/rp_filter`);
  const all = (await setting('all')) ?? 0;
  for (const name of interfaces) filters.set(name, Math.max(all, (await setting(name)) ?? 0));
  return filters;
}

export const routesLook: Look = {
  name: 'the way back to the source',
  async run(context) {
    const { machine, facts, leaveOut } = context;
    const { question, hasAddress } = context.case;
    const from = hasAddress ? question.address : undefined;
    const asked = await Promise.all(sources(question).map((to) => routeTo(machine, to, from)));
    const back = asked.flatMap((route) => (route === undefined ? [] : [route]));
    if (back.length < asked.length) leaveOut('routes', 'ip (iproute2) is not installed');
    const way = back.find(({ gateway, device }) => gateway !== undefined && device !== undefined);
    const deadGateway = way !== undefined && (await isDead(machine, way.gateway!, way.device!)) ? way.gateway : undefined;
    const hasDefault = await hasDefaultRoute(machine, question.family);
    facts.routes = { back, hasDefault, deadGateway, reversePathFilter: await reversePathFilters(context) };
    if (question.from === undefined)
      return hasDefault === undefined ? 'not known' : hasDefault ? 'there is a default route' : 'there is no default route';
    return back.map(({ to, problem, answer }) => `to ${to}: ${problem ?? answer}`).join('; ') || 'not known';
  },
};
