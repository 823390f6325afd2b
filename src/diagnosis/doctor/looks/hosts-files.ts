/** /etc/hosts.allow and /etc/hosts.deny, which programs with libwrap obey. Source: hosts_access(5). */
import type { Look, LookContext } from '../facts.js';
import { addressRange, everyAddress, not, or, within, type AddressRange, type Tri } from '../intervals.js';
import { readIfThere } from '../machine.js';

interface Client {
  readonly family: 4 | 6;
  /** Undefined: not known. */
  readonly range: AddressRange | undefined;
}

interface Line {
  readonly text: string;
  readonly daemons: string;
  readonly clients: string;
}

/** Access as hosts_access(3) decides it: the first match in hosts.allow grants, the first in hosts.deny refuses. */
export function hostsAccess(
  allow: string,
  deny: string,
  daemon: string | undefined,
  client: Client,
): { readonly denied: Tri; readonly line: string | undefined } {
  const allowed = firstMatch(allow, daemon, client);
  if (allowed.tri === 'yes') return { denied: 'no', line: undefined };
  const denied = firstMatch(deny, daemon, client);
  return { denied: allowed.tri === 'may' && denied.tri === 'yes' ? 'may' : denied.tri, line: denied.line };
}

function firstMatch(file: string, daemon: string | undefined, client: Client): { tri: Tri; line: string | undefined } {
  let may: string | undefined;
  for (const line of linesOf(file)) {
    const tri = matches(line, daemon, client);
    if (tri === 'yes') return { tri: may === undefined ? 'yes' : 'may', line: may ?? line.text };
    if (tri === 'may') may ??= line.text;
  }
  return { tri: may === undefined ? 'no' : 'may', line: may };
}

/** Lines end in a backslash where they go on; colons within brackets belong to IPv6 addresses. */
function linesOf(file: string): Line[] {
  return file
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => text !== '' && !text.startsWith('#'))
    .flatMap((text) => {
      const [daemons, clients] = text.match(/(?:\[[^\]]*\]|[^:[])+/g) ?? [];
      return daemons === undefined || clients === undefined ? [] : [{ text, daemons, clients }];
    });
}

function matches({ daemons, clients }: Line, daemon: string | undefined, client: Client): Tri {
  const named = listMatches(daemons, (word) => daemonMatches(word, daemon));
  if (named === 'no') return 'no';
  const met = listMatches(clients, (word) => clientMatches(word, client));
  return named === 'may' && met === 'yes' ? 'may' : met;
}

/** `a b EXCEPT c EXCEPT d` is `a b EXCEPT (c EXCEPT d)`. */
function listMatches(list: string, test: (word: string) => Tri): Tri {
  const [head = '', ...rest] = list.split(/\bEXCEPT\b/);
  const tri = or(
    ...head
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(test),
    'no',
  );
  if (rest.length === 0 || tri === 'no') return tri;
  const except = not(listMatches(rest.join('EXCEPT'), test));
  return except === 'yes' ? tri : except;
}

function daemonMatches(word: string, daemon: string | undefined): Tri {
  if (word === 'ALL') return 'yes';
  const [name] = word.split('@');
  if (daemon === undefined) return 'may';
  return name === daemon ? 'yes' : 'no';
}

function clientMatches(word: string, { family, range }: Client): Tri {
  const pattern = word.replace(/^.*@/, '');
  if (pattern === 'ALL') return 'yes';
  // A file, or what DNS says of the client.
  if (/^(LOCAL|KNOWN|UNKNOWN|PARANOID)$|^[./]|[*?]/.test(pattern)) return 'may';
  const values = [range ?? everyAddress(family)];
  const allowed = prefixRange(pattern) ?? addressRange(pattern.replace(/^\[([^\]]+)\](.*)$/, '$1$2'));
  if (allowed === undefined) return /^[\d.:/[\]]+$/.test(pattern) ? 'no' : 'may';
  return allowed.family === family ? within(values, [allowed]) : 'no';
}

/** `131.155.` is all addresses that begin so. */
function prefixRange(pattern: string): AddressRange | undefined {
  if (!/^(\d{1,3}\.){1,3}$/.test(pattern)) return undefined;
  const bytes = pattern.split('.').filter(Boolean);
  return addressRange(`${[...bytes, '0', '0', '0', '0'].slice(0, 4).join('.')}/${bytes.length * 8}`);
}

async function libwrapOf({ machine, facts }: LookContext): Promise<'yes' | 'no' | 'unknown'> {
  const owner = facts.listening?.here.find((listener) => listener.owner !== undefined)?.owner;
  if (owner === undefined) return 'unknown';
  // These start other programs, by way of tcpd perhaps.
  if (/^x?inetd$|^systemd$/.test(owner.command)) return 'unknown';
  const maps = await readIfThere(machine, `/proc/${owner.pid}/maps`);
  if (maps === undefined || maps === '') return 'unknown';
  return maps.includes('libwrap.so') ? 'yes' : 'no';
}

export const hostsLook: Look = {
  name: '/etc/hosts.allow and /etc/hosts.deny',
  async run(context) {
    const { machine, facts } = context;
    const { question } = context.case;
    const deny = await readIfThere(machine, '/etc/hosts.deny');
    if (deny === undefined) return 'there is no /etc/hosts.deny';
    const allow = (await readIfThere(machine, '/etc/hosts.allow')) ?? '';
    const daemon = facts.listening?.here.find((listener) => listener.owner !== undefined)?.owner?.command;
    const access = hostsAccess(allow, deny, daemon, { family: question.family, range: question.from });
    const denied = access.denied === 'no' ? undefined : access.line;
    facts.hosts = { deny: denied, isPartial: access.denied === 'may', libwrap: await libwrapOf(context) };
    return denied === undefined ? 'do not refuse the source' : `hosts.deny refuses the source: ${denied}`;
  },
};
