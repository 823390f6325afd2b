/** The example of deploy/examples/haproxy, tried: vitald must not cost more requests than HAProxy's own checks do. */
import t from 'tap';
import { HaproxyTrial, setups, type Cost, type Setup } from '../support/haproxy-trial.js';
import { missingTools } from '../support/lab/requirements.js';
import { Stopwatch } from '../support/stopwatch.js';

const missing = missingTools(['haproxy']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`1 trial with HAProxy is skipped: ${missing}`);

const intervalMs = 300;
const rate = 90;

type Rounds = readonly Record<Setup, Cost>[];

const failedIn = (rounds: Rounds, setup: Setup): number => rounds.reduce((sum, round) => sum + round[setup].failed, 0);
/** Failed, or answered late. */
const lostIn = (rounds: Rounds, setup: Setup): number => rounds.reduce((sum, { [setup]: { failed, slow } }) => sum + failed + slow, 0);

const told = ({ failed, slow, sent, outMs, backMs }: Cost): string =>
  `${failed} failed and ${slow} slow of ${sent}, out after ${Math.round(outMs)} ms, back after ${Math.round(backMs)} ms`;

/** By chance one checks just before the silence, and the other just after: an interval of a third of the requests. Twice. */
const byChance = (rounds: Rounds): number => (rounds.length * 2 * (intervalMs / 1000) * rate) / 3;
/** Requests that are on their way to a backend when it dies: few, since each takes some milliseconds. */
const inFlight = (rounds: Rounds): number => rounds.length * 2;

t.test('clients of HAProxy lose no more requests with vitald than with its own checks', { skip }, async (t) => {
  const trial = await HaproxyTrial.start(t, { intervalMs, timeoutMs: 250, agentIntervalMs: 100, firstPort: 18_310, rate });
  const watch = await Stopwatch.start();
  const killed = [await trial.suffer('killed', 'app-2')];
  const silent = [await trial.suffer('silent', 'app-3'), await trial.suffer('silent', 'app-2')];
  const maintained = [await trial.suffer('maintenance', 'app-1')];
  watch.stop();
  for (const [event, rounds] of Object.entries({ killed, silent, maintained }))
    for (const setup of setups) t.comment(`${event}, ${setup}: ${rounds.map((round) => told(round[setup])).join('; ')}`);
  t.comment(String(watch));

  t.ok(lostIn(silent, 'own checks') > 0, 'requests to a silent backend wait until it is found out, and are counted');
  // All are on the same machine, but not at the same moments: what is left to chance grows as it gets slower.
  for (const setup of ['runtime', 'agent'] as const) {
    const [ours, theirs] = [failedIn(killed, setup), failedIn(killed, 'own checks')];
    t.ok(ours <= theirs + watch.scaled(inFlight(killed)), `${setup}: a backend that is killed costs nothing more: ${ours}, ${theirs}`);
    const [lost, lostWithout] = [lostIn(silent, setup), lostIn(silent, 'own checks')];
    t.ok(lost <= lostWithout + watch.scaled(byChance(silent)), `${setup}: a silent one is found out no later: ${lost}, ${lostWithout}`);
    t.equal(failedIn(maintained, setup), 0, `${setup}: maintenance costs nothing`);
  }
});
