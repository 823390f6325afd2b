/** The remedy of a finding for one case: the table’s words and commands with the case’s addresses filled in. */
import { findingTable, type FindingCode, type FindingInfo } from './finding-table.js';
import type { Remedy } from './report.js';

/** What stands for the placeholders of the table. What is not known stays a word in capitals, for the reader to replace. */
export interface Place {
  readonly port: number;
  readonly address?: string | undefined;
  /** Address or range that checks come from. */
  readonly source?: string | undefined;
  readonly path?: string | undefined;
  readonly scheme?: 'http' | 'https' | undefined;
}

export function remedyOf(code: FindingCode, place: Place): Remedy {
  const { text, linux, windows }: FindingInfo['remedy'] = findingTable[code].remedy;
  const command = (line: string): string => forFamily(fillIn(line, place), place);
  return { text: fillIn(text, place), linux: linux.map(command), windows: windows.map(command) };
}

function fillIn(template: string, { port, address, source, path = '/', scheme = 'http' }: Place): string {
  const values: Readonly<Record<string, string>> = {
    port: String(port),
    address: address ?? 'ADDRESS',
    source: source ?? 'SOURCE',
    // It stands between quotes.
    path: path.replaceAll("'", '%27').replaceAll('"', '%22'),
    scheme,
  };
  const inUrl = address?.includes(':') === true ? template.replaceAll('{address}:', '[{address}]:') : template;
  return inUrl.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The same command for IPv6, where it has another name there. */
function forFamily(command: string, { address, source }: Place): string {
  if (!(address ?? source)?.includes(':')) return command;
  return command
    .replace(/^iptables\b/, 'ip6tables')
    .replace('-p icmp --icmp-type echo-request', '-p ipv6-icmp --icmpv6-type echo-request')
    .replace('icmpv4:8', 'icmpv6:128')
    .replace(/^(ip|ping) (?=route|address|neigh|rule|-c)/, (_, program: string) => (program === 'ip' ? 'ip -6 ' : 'ping -6 '));
}
