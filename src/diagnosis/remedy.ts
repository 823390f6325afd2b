/** The remedy of a finding for one case: the table’s words and commands with the case’s addresses filled in. */
import { findingInfo, type FindingCode } from './finding-table.js';
import type { Remedy } from './report.js';

/** What stands for the placeholders of the table. What is not known stays a word in capitals, for the reader to replace. */
export interface Place {
  readonly port: number;
  readonly address?: string | undefined;
  /** Address or range that checks come from. */
  readonly source?: string | undefined;
  readonly path?: string | undefined;
  readonly scheme?: 'http' | 'https' | undefined;
  /** Of the checked port; default: tcp. */
  readonly protocol?: 'tcp' | 'udp' | undefined;
  /** Type of the check, whose words the remedy has; default: that of the protocol if it is udp. */
  readonly checkType?: string | undefined;
  /** The doctor itself says it: it does not recommend itself. */
  readonly saidByDoctor?: boolean;
}

export function remedyOf(code: FindingCode, place: Place): Remedy {
  const { text, linux, windows } = findingInfo(code, place.checkType ?? (place.protocol === 'udp' ? 'udp' : undefined)).remedy;
  const commands = (lines: readonly string[]): string[] => {
    const useful = place.saidByDoctor === true ? lines.filter((line) => !line.startsWith('vitald doctor')) : lines;
    const fitting = place.protocol === 'udp' ? useful.filter((line) => !line.startsWith('curl')).map(forUdp) : useful;
    return fitting.map((line) => forFamily(fillIn(line, place), place));
  };
  return { text: fillIn(text, place), linux: commands(linux), windows: commands(windows) };
}

function fillIn(template: string, { port, address, source, path = '/', scheme = 'http' }: Place): string {
  const values: Readonly<Record<string, string>> = {
    port: port === 0 ? 'PORT' : String(port),
    address: address ?? 'ADDRESS',
    source: source ?? 'SOURCE',
    // It stands between quotes.
    path: path.replaceAll("'", '%27').replaceAll('"', '%22'),
    scheme,
  };
  const inUrl = address?.includes(':') === true ? template.replaceAll('{address}:', '[{address}]:') : template;
  return inUrl.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The same command for a port of UDP. */
function forUdp(command: string): string {
  return command
    .replace(/^ss -(l?)tn/, 'ss -$1un')
    .replace('-p tcp', '-p udp')
    .replace('protocol=TCP', 'protocol=UDP')
    .replace('--tcp', '--udp')
    .replace('doctor --port {port}', 'doctor --port {port} --udp');
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
