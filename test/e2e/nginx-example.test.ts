/**
 * deploy/examples/nginx/ as a user tries it, beside nginx’s own passive checks at the same interval: what counts are the
 * failed requests of a client.
 */
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { missingTools } from '../support/lab/requirements.js';
import { NginxTrial, type Phase } from '../support/nginx-trial.js';
import { machinePace } from '../support/pace.js';
import { ownAddress, secondAddress } from '../support/own-address.js';

const missing = missingTools(['nginx']);
if (missing !== undefined) console.error(`the trial of the nginx example is skipped: ${missing}`);

async function run(trial: NginxTrial, pace: number): Promise<Phase[]> {
  const [first, second, third] = trial.backends;
  await trial.start();
  await trial.phase('killed', async () => {
    await first!.kill();
    await setTimeout(2500);
    await first!.start();
  });
  await trial.phase('silent', async () => {
    second!.freeze();
    // Longer than the client is patient.
    await setTimeout(8000 * pace);
    second!.thaw();
  });
  await trial.phase('maintenance', async () => {
    await trial.maintenance(2, true);
    await third!.kill();
    await third!.start();
    await trial.maintenance(2, false);
  });
  return trial.stop();
}

t.test('vitald is not worse than what nginx does by itself', { skip: missing ?? false }, async (t) => {
  const pace = await machinePace();
  const vitald = new NginxTrial(t, { address: ownAddress, checks: 'vitald', pace });
  const nginx = new NginxTrial(t, { address: secondAddress, checks: 'nginx', pace });
  const [withVitald, withNginx] = await Promise.all([run(vitald, pace), run(nginx, pace)]);
  for (const [index, ours] of withVitald.entries()) {
    const theirs = withNginx[index]!;
    const shown = ({ ok, failed, slow }: typeof ours): string => `${failed} of ${ok + failed} failed, ${slow} slow`;
    t.comment(`${ours.name}: with vitald ${shown(ours)}; with nginx alone ${shown(theirs)}`);
    t.ok(ours.failed <= theirs.failed, `${ours.name}: ${JSON.stringify(ours.kinds)} and ${JSON.stringify(theirs.kinds)}`);
  }
  const failed = Object.fromEntries(withVitald.map((phase) => [phase.name, phase.failed]));
  t.equal(failed.killed, 0, 'a backend that is killed costs no request');
  t.equal(failed.maintenance, 0, 'nor does one that is taken out first');
});
