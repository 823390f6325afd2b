/** A diagnosis from within the lab. */
import { resolve } from 'node:path';
import type { CheckPlan } from '#vitald/config/plan.js';
import type { Subject } from '#vitald/diagnosis/diagnose/subject.js';
import type { Report } from '#vitald/diagnosis/report.js';
import { checkOf } from '../plans.js';
import type { Lab } from './lab.js';

const program = [process.execPath, resolve('build/test/support/lab/diagnose-program.js')];
/** Even root is then without it. */
const withoutRaw = ['setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw'];

export interface Diagnosed extends Partial<Pick<Subject, 'port' | 'checkPort'>> {
  readonly check?: Partial<CheckPlan>;
  /** The process may open raw sockets; true by default. */
  readonly raw?: boolean;
  readonly node?: string;
}

export async function diagnosis(lab: Lab, address: string, { check, raw = true, node = 'checker', ...ports }: Diagnosed): Promise<Report> {
  const port = ports.port ?? 80;
  const family = address.includes(':') ? 6 : 4;
  const subject: Subject = { listener: 'web', backend: 'app', address, family, port, checkPort: port, ...ports, check: checkOf(check) };
  return JSON.parse(await lab.run(node, [...(raw ? [] : withoutRaw), ...program, JSON.stringify(subject)])) as Report;
}

/** Each finding as `code certainty`. */
export function codes({ findings }: Report): string[] {
  return findings.map(({ code, certainty }) => `${code} ${certainty}`);
}
