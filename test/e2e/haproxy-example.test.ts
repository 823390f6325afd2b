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
  const byVitald = ['runtime', 'agent'] as const;
  const isFoundInTime = (rounds: Rounds, setup: Setup): boolean => lostIn(rounds, setup) <= lostIn(rounds, 'own checks') + byChance(rounds);
  const failsNoMore = (rounds: Rounds, setup: Setup): boolean => failedIn(rounds, setup) <= failedIn(rounds, 'own checks') + 2;

  const killed = await tryUntil(
    (rounds) => byVitald.every((setup) => failsNoMore(rounds, setup)),
    async () => [await trial.suffer('killed', 'app-2')],
  );
  const silent = await tryUntil(
    (rounds) => byVitald.every((setup) => isFoundInTime(rounds, setup)),
    async () => [await trial.suffer('silent', 'app-3'), await trial.suffer('silent', 'app-2')],
  );
  const maintained = await tryUntil(
    (rounds) => byVitald.every((setup) => failedIn(rounds, setup) === 0),
    async () => [await trial.suffer('maintenance', 'app-1')],
  );
  for (const [event, rounds] of Object.entries({ killed, silent, maintained }))
    for (const setup of setups) t.comment(`${event}, ${setup}: ${rounds.map((round) => told(round[setup])).join('; ')}`);

  t.ok(lostIn(silent, 'own checks') > 0, 'requests to a silent backend wait until it is found out, and are counted');
  for (const setup of byVitald) {
    t.ok(failsNoMore(killed, setup), `${setup}: a backend that is killed costs nothing more`);
    t.ok(isFoundInTime(silent, setup), `${setup}: a silent one is found out no later`);
    t.equal(failedIn(maintained, setup), 0, `${setup}: maintenance costs nothing`);
  }
});
