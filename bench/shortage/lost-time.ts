/** A checker that is short of time finds what fails, only later, and blames no healthy backend; HAProxy is measured beside it. */
import type { Bench } from '../bench.js';
import type { DetectionCase } from '../report/measurement.js';
import { comeFirst } from '../support/priority.js';
import { probeCases, type ProbeCase } from './probe-cases.js';
import { shortages, undisturbed } from './shortages.js';
import { faultsDuring, faultsDuringStop, stopName } from './trial.js';

const failing = 50;
const longStopMs = 10_000;

interface Trial {
  /** What `--only` chooses by. */
  readonly name: string;
  readonly run: () => Promise<DetectionCase>;
}

export const lostTimeBench: Bench = {
  name: 'lost-time',
  group: 'shortage',
  title: 'A checker that is short of time',
  async measure({ rounds = 4, backends = 100, only = '' }) {
    comeFirst('ordinary');
    const size = { failing, rounds, healthy: backends };
    const cases: DetectionCase[] = [];
    for (const { name, run } of trials(size).filter((trial) => chosen(trial, only))) {
      const measured = await run();
      cases.push(measured);
      console.error(`${name}: ${progress(measured)}`);
    }
    return {
      kind: 'detections',
      load: `For each kind of probe ${failing} backends that fail and ${backends} that stay healthy; interval 1 s, timeout 0.5 s, both thresholds 2. Under a lasting shortage each of the ${failing} fails ${rounds} times, at random moments; in the stop of ${longStopMs / 1000} s once, and times count from the moment when the process goes on. Of https there are half as many backends, which fail twice as often. Backends fail silently (their packets are dropped, or the service accepts and never answers), except where the probe's name says that the port is closed. HAProxy watches the same backends in the same run: \`check inter 1s fall 2 rise 2\`, \`timeout check 500ms\`, \`timeout connect 500ms\`. The window is what \`vitald check --print\` promises at most.`,
      cases,
    };
  },
};

function trials(size: { readonly failing: number; readonly rounds: number; readonly healthy: number }): Trial[] {
  const trial = (probe: ProbeCase, shortage: string, run: () => Promise<DetectionCase>): Trial => ({
    name: `${probe.name}, ${shortage}`,
    run,
  });
  const lasting = [...shortages, undisturbed].flatMap((shortage) =>
    probeCases.map((probe) => trial(probe, shortage.name, () => faultsDuring(shortage, probe, size))),
  );
  const stopped = probeCases.map((probe) => trial(probe, stopName(longStopMs), () => faultsDuringStop(longStopMs, probe, size)));
  return [...lasting, ...stopped];
}

/** Without a shortage only on demand: that shows what the measurement itself adds. */
function chosen({ name }: Trial, only: string): boolean {
  return name.includes(only) && (only.includes(undisturbed.name) || !name.endsWith(undisturbed.name));
}

function progress({ ours, peer, promisedMs, faults }: DetectionCase): string {
  const windows = (ms: number | null): string => (ms === null ? 'never' : (ms / promisedMs).toFixed(2));
  const text = ({ medianMs, p95Ms, slowestMs, late, healthyMarkedDown }: DetectionCase['ours']): string =>
    `${[medianMs, p95Ms, slowestMs].map(windows).join(' · ')} windows, ${late} of ${faults} late, ${healthyMarkedDown} false`;
  return `${text(ours)}${peer === undefined ? '' : `; HAProxy ${text(peer)}`}`;
}
