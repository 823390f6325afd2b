/** Two real daemons behind one name. Their clocks do not matter: they begin at the same revision. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { writeDurably } from '#vitald/persistence/durable-file.js';
import { snapshotFormat, snapshotPieces } from '#vitald/persistence/snapshot.js';
import { ask, backendPath } from '../support/asking.js';
import { Child } from '../support/child.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { EventStream } from '../support/event-stream.js';
import { leadingTo } from '../support/leading-to.js';
import { server } from '../support/two-backends.js';

/** Later than any second of a start. */
const revision = 4_000_000_000_000_000;

/** A daemon that begins where a state folder says, with backends that nobody probes: only operators change anything. */
async function daemon(t: Test) {
  const folder = temporaryFolder(t);
  const stateDir = join(folder, 'state');
  mkdirSync(stateDir);
  await writeDurably(stateDir, snapshotFormat, snapshotPieces({ savedAt: 0, revision }, []));
  const backends = ['app-1', 'app-2'].map((name, place) => ({ name, address: '127.0.0.1', port: 18_001 + place }));
  const config = { server: { ...server, state_dir: stateDir }, listeners: [{ name: 'web', check: { enabled: false }, backends }] };
  const start = () => RunningDaemon.start(t, folder, { config });
  return { start, first: await start() };
}

const maintenance = (one: RunningDaemon, id: string) =>
  ask(one, 'PUT', `${backendPath(id)}/override`, { mode: 'maintenance', reason: 'test' });

t.test('two daemons of the same revision: whoever goes from one to the other misses nothing', async (t) => {
  const [{ first: one }, { first: other }] = await Promise.all([daemon(t), daemon(t)]);
  await maintenance(one, 'app-1');
  await maintenance(other, 'app-2');
  const known = await one.status();
  t.equal((await other.status()).revision, known.revision);
  t.ok(known.revision > revision);
  t.match(
    await other.status(`?since=${known.revision}`),
    { complete: false, backends: [] },
    'by the number alone it would seem to be known',
  );

  const answer = await other.status(`?since=${known.revision}&epoch=${known.epoch}&wait=30s`);
  t.match(answer, { complete: true, backends: [{ routable: true }, { routable: false, routable_because: 'maintenance' }] });

  const events = await EventStream.open(`${other.url}/v1/events`, { headers: { 'last-event-id': `${known.epoch}:${known.revision}` } });
  t.teardown(() => events.cut());
  await events.received(1);
  t.match(events.events, [{ type: 'reset', data: { why: 'unknown', epoch: answer.epoch, revision: answer.revision } }]);

  const name = await leadingTo(t, one.url);
  const watching = new Child([process.execPath, 'dist/main.js', 'status', 'web', '--watch', '--json', '--api', name.url]);
  t.teardown(() => watching.stop());
  await watching.line(new RegExp(`"epoch":"${known.epoch}"`));
  name.leadTo(other.url);
  const line = await watching.line(new RegExp(`"epoch":"${answer.epoch}"`));
  t.match(JSON.parse(line), { complete: true, backends: [{ routable: true }, { routable: false }] });
});

t.test('a restart is another epoch, though the state folder goes on', async (t) => {
  const { first, start } = await daemon(t);
  await maintenance(first, 'app-1');
  const before = await first.status();
  await first.stop();
  const again = await start();
  const after = await again.status(`?since=${before.revision}&epoch=${before.epoch}&wait=30s`);
  t.match(after, { complete: true });
  t.not(after.epoch, before.epoch);
  t.ok(after.revision >= before.revision, 'revisions go on growing');
});
