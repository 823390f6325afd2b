/** The check that a diagnosis makes, on a machine that is short of time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { checkItself } from '#vitald/diagnosis/diagnose/check-itself.js';
import { conclude } from '#vitald/diagnosis/diagnose/conclude.js';
import type { Facts } from '#vitald/diagnosis/diagnose/facts.js';
import { networkRules, networkTraps } from '#vitald/diagnosis/diagnose/network/index.js';
import { subjectAt } from './service/world.js';
import { host, outcome, route, subjectOf, syn } from './network/world.js';

/** A web server in a process of its own, which runs while this one is held up. */
async function otherProcess(t: Test): Promise<number> {
  const program = `require('http').createServer((q, a) => a.end()).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return Number(line.toString());
}

/** Keeps a processor busy for this time. */
function holdUp(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

t.test('a healthy backend is not blamed while this process is held up again and again', async (t) => {
  const subject = subjectAt(await otherProcess(t), { timeoutMs: 300 });
  const facts: Facts = { network: {}, service: {} };
  const busy = setInterval(() => holdUp(250), 260);
  t.teardown(() => clearInterval(busy));
  setTimeout(() => clearInterval(busy), 1500);
  await checkItself.run({ subject, facts, signal: new AbortController().signal });
  const outcomes = facts.check?.outcomes ?? [];
  t.ok(outcomes.length >= 3);
  t.same(
    outcomes.filter(({ kind }) => kind === 'fail'),
    [],
    JSON.stringify(outcomes),
  );
  t.ok(
    outcomes.some(({ kind }) => kind === 'pass'),
    'it was repeated until it said something',
  );
});

t.test('a dead backend is found all the same', async (t) => {
  const facts: Facts = { network: {}, service: {} };
  const busy = setInterval(() => holdUp(250), 260);
  t.teardown(() => clearInterval(busy));
  await checkItself.run({ subject: subjectAt(1, { timeoutMs: 300 }), facts, signal: new AbortController().signal });
  t.ok(
    facts.check?.outcomes.some(({ reason }) => reason === 'connect_refused'),
    JSON.stringify(facts.check?.outcomes),
  );
});

t.test('where this machine was too late for every check, nothing else is blamed with certainty', async (t) => {
  const network = { ping: host('silent'), checkPort: syn(80, 'silent'), closedPort: syn(1, 'silent'), route: route('by_gateway') };
  const facts: Facts = { check: outcome('checker_late'), network, service: {} };
  const { verdict, findings } = conclude(subjectOf(), facts, { causes: networkRules, traps: networkTraps });
  t.equal(verdict, 'unknown');
  t.equal(findings[0]?.code, 'checker_overloaded');
  for (const { at, certainty } of findings) t.ok(at === 'checker' || certainty === 'possible');
});

t.test('checks that came too late do not make the others doubtful', async (t) => {
  const late = outcome('checker_late').outcomes[0]!;
  const ok = outcome('ok').outcomes[0]!;
  const facts: Facts = { check: { outcomes: [late, ok, ok], evidence: [] }, network: { ping: host('silent') }, service: {} };
  const { verdict, findings } = conclude(subjectOf(), facts, { causes: networkRules, traps: networkTraps });
  t.equal(verdict, 'healthy');
  t.same(findings, []);
});
