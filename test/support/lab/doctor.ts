/** The doctor in a node of the lab: the one file, as a backend would have it. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { mustRun } from '../child.js';
import type { Lab } from './lab.js';
import { at, joinRouted } from './routed-network.js';
import type { World } from './suite.js';

export interface DoctorSays {
  readonly verdict: string;
  readonly summary: string;
  readonly findings: readonly { readonly code: string; readonly certainty: string; readonly summary: string }[];
  readonly left_out: readonly { readonly name: string; readonly why: string }[];
}

/** The tests themselves keep this machine busy, which does not belong to the case. */
const idle = {
  pressure: 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  loadavg: '0.00 0.00 0.00 1/100 1\n',
};

export class LabDoctor {
  readonly #lab: Lab;
  readonly #file: string;

  private constructor(lab: Lab, file: string) {
    this.#lab = lab;
    this.#file = file;
  }

  /** Makes the file. @param t removes it at its end */
  static async make(t: Test, lab: Lab): Promise<LabDoctor> {
    const folder = mkdtempSync(join(tmpdir(), 'vitald-doctor-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    // For whichever user runs it.
    chmodSync(folder, 0o755);
    const file = join(folder, 'doctor.mjs');
    await mustRun([process.execPath, 'scripts/bundle-doctor.mjs', file]);
    for (const [name, text] of Object.entries(idle)) writeFileSync(join(folder, name), text);
    return new LabDoctor(lab, file);
  }

  /** A command in a node has its own view of mounts: nobody else sees these. */
  #onIdleMachine(): string[] {
    const folder = dirname(this.#file);
    const mounts = ['cpu', 'memory', 'io'].map((name) => `mount --bind ${folder}/pressure /proc/pressure/${name}`);
    return ['sh', '-c', [...mounts, `mount --bind ${folder}/loadavg /proc/loadavg`, 'exec "$@"'].join('\n'), 'sh'];
  }

  get file(): string {
    return this.#file;
  }

  /** @param options as on the command line  @param before a command that runs it, for example as another user */
  async asks(node: string, options: string, before: readonly string[] = []): Promise<DoctorSays> {
    const { out, err } = await this.#lab.tryRun(node, [
      ...this.#onIdleMachine(),
      ...before,
      process.execPath,
      this.#file,
      '--json',
      ...options.split(' '),
    ]);
    if (out === '') throw new Error(`the doctor said nothing: ${err}`);
    return JSON.parse(out) as DoctorSays;
  }
}

/** The first finding is the true cause, and nothing else is named certain. */
export function isFirst(t: Test, says: DoctorSays, code: string, certainty: string, summary?: RegExp): void {
  const [first, ...others] = says.findings;
  t.match(first, { code, certainty }, says.summary);
  if (summary !== undefined) t.match(first?.summary, summary);
  t.same(
    others.filter((finding) => finding.certainty === 'certain').map((finding) => finding.code),
    [],
    'no other cause is certain',
  );
}

export interface DoctorWorld extends World {
  readonly doctor: LabDoctor;
}

/** The routed network. Of the backend’s ports, 80 and 443 are served, 82 on loopback only, 83 on IPv6 only; 53 is of UDP. The router serves 84. */
export async function buildForDoctor(lab: Lab, t: Test): Promise<DoctorWorld> {
  await joinRouted(lab);
  const backend = await lab.agent('backend');
  for (const port of [80, 443]) await backend.call('serveTcp', { address: '::', port });
  await backend.call('serveTcp', { address: '127.0.0.1', port: 82 });
  await backend.call('serveTcp', { address: at.backend6, port: 83 });
  await backend.call('serveUdp', { address: '0.0.0.0', port: 53 });
  const router = await lab.agent('router');
  await router.call('serveTcp', { address: '0.0.0.0', port: 84 });
  return { lab, doctor: await LabDoctor.make(t, lab) };
}
