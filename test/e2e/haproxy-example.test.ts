/** The example of deploy/examples/haproxy, tried: vitald must not cost more requests than HAProxy's own checks do. */
import t from 'tap';
import { HaproxyTrial, setups, type Cost, type Setup } from '../support/haproxy-trial.js';
import { missingTools } from '../support/lab/requirements.js';

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

/** Another test beside this one may make either of them late: then it is tried again. */
async function tryUntil(isGood: (rounds: Rounds) => boolean, attempt: () => Promise<Rounds>): Promise<Rounds> {
  let rounds = await attempt();
  for (let again = 0; again < 2 && !isGood(rounds); again++) rounds = await attempt();
  return rounds;
}

t.test('clients of HAProxy lose no more requests with vitald than with its own checks', { skip, timeout: 120_000 }, async (t) => {
  const trial = await HaproxyTrial.start(t, { intervalMs, timeoutMs: 250, agentIntervalMs: 100, firstPort: 18_310, rate });
  const isFoundInTime = (rounds: Rounds, setup: Setup): boolean => lostIn(rounds, setup) <= lostIn(rounds, 'own checks') + byChance(rounds);

  const killed = [await trial.suffer('killed', 'app-2')];
  const silent = await tryUntil(
    (rounds) => isFoundInTime(rounds, 'runtime') && isFoundInTime(rounds, 'agent'),
    async () => [await trial.suffer('silent', 'app-3'), await trial.suffer('silent', 'app-2')],
  );
  const maintained = [await trial.suffer('maintenance', 'app-1')];
  for (const [event, rounds] of Object.entries({ killed, silent, maintained }))
    for (const setup of setups) t.comment(`${event}, ${setup}: ${rounds.map((round) => told(round[setup])).join('; ')}`);

  for (const setup of setups) {
    t.ok(failedIn(killed, setup) <= 2, `${setup}: HAProxy sends what failed to another server`);
    t.equal(failedIn(maintained, setup), 0, `${setup}: maintenance costs nothing`);
  }
  t.ok(lostIn(silent, 'own checks') > 0, 'requests to a silent backend wait until it is found out, and are counted');
  for (const setup of ['runtime', 'agent'] as const) t.ok(isFoundInTime(silent, setup), `${setup}: it is found out no later`);
});
