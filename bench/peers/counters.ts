/** How many checks were really made: the kernel's and the backend's counters, not a program's own word. */
import { execFileSync } from 'node:child_process';

/** Counts what arrives in this network namespace. */
export function installCounters(port: number): void {
  const ruleset = `table inet vitald_bench {
  counter syn {}
  counter echo {}
  chain input {
    type filter hook input priority 0
    tcp dport ${port} tcp flags & (syn | ack) == syn counter name syn
    icmp type echo-request counter name echo
  }
}
`;
  execFileSync('nft', ['-f', '-'], { input: ruleset });
}

export function packets(counter: 'syn' | 'echo'): number {
  const text = execFileSync('nft', ['-j', 'list', 'counter', 'inet', 'vitald_bench', counter], { encoding: 'utf8' });
  const { nftables } = JSON.parse(text) as { nftables: { counter?: { packets: number } }[] };
  return nftables.find((entry) => entry.counter !== undefined)!.counter!.packets;
}

/** Requests that nginx has answered, this one left out. */
export async function requests(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/counted`, { headers: { connection: 'close' } })).text();
  const [, , , total] = /(\d+) (\d+) (\d+) \n/.exec(text) ?? [];
  return Number(total) - 1;
}
