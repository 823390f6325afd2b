/** How busy the machine is. Source: proc(5), linux/Documentation/accounting/psi.rst. */
import type { Look } from '../facts.js';
import { readIfThere, type Machine } from '../machine.js';

/** Share of the last 10 s in percent; undefined where the kernel does not count it. */
async function pressure(machine: Machine, what: 'cpu' | 'memory' | 'io', line: 'some' | 'full'): Promise<number | undefined> {
  const text = (await readIfThere(machine, `/proc/pressure/${what}`)) ?? '';
  const [, share] = new RegExp(`^${line} avg10=([\\d.]+)`, 'm').exec(text) ?? [];
  return share === undefined ? undefined : Number(share);
}

function memory(text: string, name: string): number | undefined {
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

export const loadLook: Look = {
  name: 'load, memory and pressure',
  async run({ machine, facts, leaveOut }) {
    const loads = ((await readIfThere(machine, '/proc/loadavg')) ?? '').split(' ');
    const info = (await readIfThere(machine, '/proc/meminfo')) ?? '';
    const [cpuPressure, memoryPressure, ioPressure] = [
      await pressure(machine, 'cpu', 'some'),
      await pressure(machine, 'memory', 'full'),
      await pressure(machine, 'io', 'full'),
    ];
    if (cpuPressure === undefined) leaveOut('pressure', 'this kernel has no /proc/pressure (psi=1 at boot turns it on)');
    const load1 = loads[0] === undefined || loads[0] === '' ? undefined : Number(loads[0]);
    const [availableBytes, totalBytes] = [memory(info, 'MemAvailable'), memory(info, 'MemTotal')];
    const percent = (share: number | undefined): string => (share === undefined ? 'not known' : `${share} %`);
    const text = [
      `load ${load1 ?? 'not known'} on ${machine.processors} processors`,
      `pressure of the last 10 s: cpu ${percent(cpuPressure)}, memory ${percent(memoryPressure)}, io ${percent(ioPressure)}`,
      ...(availableBytes === undefined ? [] : [`${Math.round(availableBytes / 2 ** 20)} MiB of memory available`]),
    ].join('; ');
    facts.load = { load1, availableBytes, totalBytes, cpuPressure, memoryPressure, ioPressure, text };
    return text;
  },
};
