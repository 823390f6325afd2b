/** No caller can push the changes of others out of the audit log. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Audit, entriesKept, type AuditEntry, type NotedEntry } from '#vitald/front/control/audit.js';
import { AuditFile } from '#vitald/front/control/audit-file.js';
import { fairNewest } from '#vitald/front/control/fair-entries.js';
import { controlApi } from '../../support/control.js';
import { wallClock } from '../../support/wall-clock.js';
import { temporaryFolder } from '../../support/daemon.js';

const path = '/listeners/web/backends';
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface Entries {
  readonly entries: readonly AuditEntry[];
}

function noted(more: Partial<NotedEntry>): NotedEntry {
  return {
    action: 'weight_set',
    listener: 'web',
    backend: 'app-1',
    caller: 'operator',
    by: null,
    remote: '10.0.0.1',
    reason: 'r'.repeat(490),
    before: null,
    after: null,
    result: 'done',
    code: null,
    detail: null,
    ...more,
  };
}

async function auditOf(t: Test): Promise<{ audit: Audit; stateDir: string }> {
  const stateDir = temporaryFolder(t);
  const audit = new Audit({ stateDir, log: silent });
  t.teardown(() => audit.close());
  await audit.note(noted({ action: 'backend_put', caller: 'deployer', backend: 'precious' }));
  return { audit, stateDir };
}

t.test('refused calls do not push out what was changed, in the API, in memory and on disk', async (t) => {
  const stateDir = temporaryFolder(t);
  const { ask, control, lines } = await controlApi(t, { stateDir });
  await ask.put(`${path}/app-1/override`, { mode: 'maintenance', reason: 'precious' });
  const missing = 'x'.repeat(120);
  for (let i = 0; i < 1500; i++) await ask.delete(`${path}/${missing}-${i}/override?by=bob&reason=${'r'.repeat(490)}`);
  const { entries } = (await ask.get('/audit')).json<Entries>();
  t.ok(entries.some(({ reason, result }) => reason === 'precious' && result === 'done'));
  t.ok(entries.length < 50, 'refusals alike are not all noted');
  t.same((await ask.get('/audit?result=done')).json<Entries>().entries.length, 1);
  t.ok((await ask.get('/audit?result=refused')).json<Entries>().entries.every(({ result }) => result === 'refused'));
  t.equal((await ask.get('/audit?result=x')).statusCode, 400);
  t.ok(lines.filter(({ audit, result }) => audit === true && result === 'refused').length < 50, 'nor do they fill the log');
  await control.close();
  const written = readFileSync(join(stateDir, 'audit.log'), 'utf8').trimEnd().split('\n');
  t.equal(written.length, 1, 'the file of changes has the change alone');
});

t.test('probes on request do not push out changes either', async (t) => {
  const { audit } = await auditOf(t);
  for (let i = 0; i < entriesKept * 2; i++) void audit.note(noted({ action: 'probe_asked', backend: `b-${i}` }));
  t.ok(audit.latest(entriesKept).some(({ backend }) => backend === 'precious'));
});

t.test('a caller that changes things without end pushes out its own entries', async (t) => {
  const { audit, stateDir } = await auditOf(t);
  for (let i = 0; i < entriesKept * 5; i++) void audit.note(noted({ after: { weight: i } }));
  const entries = audit.latest(entriesKept);
  t.equal(entries.length, entriesKept);
  t.ok(entries.some(({ backend }) => backend === 'precious'));
  t.match(entries[0], { after: { weight: entriesKept * 5 - 1 } }, 'the newest first');
  await audit.close();
  const later = new Audit({ stateDir, log: silent });
  await later.start();
  t.equal(later.latest(entriesKept).length > 100, true, 'what is read back of a long file');
});

t.test('entries stay in their order when the wall clock is set back', async (t) => {
  const { audit } = await auditOf(t);
  wallClock(t).step(-3_600_000);
  await audit.note(noted({ action: 'probe_asked' }));
  await audit.note(noted({ action: 'weight_ended' }));
  t.same(
    audit.latest(3).map(({ action }) => action),
    ['weight_ended', 'probe_asked', 'backend_put'],
  );
});

t.test('how many refusals were left out is told by the next one', async (t) => {
  const audit = new Audit({ stateDir: undefined, log: silent });
  for (let i = 0; i < 100; i++) void audit.note(noted({ result: 'refused', code: 'forbidden' }));
  t.equal(audit.latest(1000).length, 5);
  void audit.note(noted({ result: 'refused', code: 'forbidden', caller: 'another' }));
  void audit.note(noted({ result: 'refused', code: 'backend_not_found' }));
  t.equal(audit.latest(1000).length, 7, 'others are counted apart');
});

t.test('on disk the older lines are shared between callers when a file is full', async (t) => {
  const stateDir = temporaryFolder(t);
  const file = new AuditFile({ stateDir, onFailure: (sentence) => t.fail(sentence), largestBytes: 2000 });
  const line = (caller: string, n: number): string => JSON.stringify({ at: '2026-01-01T00:00:00Z', caller, n, text: 'x'.repeat(50) });
  file.append(line('deployer', 0));
  for (let n = 1; n <= 500; n++) {
    file.append(line('flooder', n));
    await file.flush();
  }
  const older = readFileSync(join(stateDir, 'audit.log.1'), 'utf8');
  t.match(older, '"caller":"deployer"');
  t.ok(older.length < 5000, 'and the size stays bounded');
  const numbers = [...older.matchAll(/"caller":"flooder","n":(\d+)/g)].map(([, n]) => Number(n));
  t.same(
    numbers,
    [...numbers].sort((a, b) => a - b),
    'in their order',
  );
  t.ok(numbers.at(-1)! > 450, 'the newest of them');
});

t.test('what some callers do not use, the others share', (t) => {
  const entries = [...'aaaabbcaaaa'].map((caller, n) => ({ caller, n }));
  const kept = (most: number): string =>
    fairNewest(entries, most, ({ caller }) => caller)
      .map(({ caller, n }) => `${caller}${n}`)
      .join(' ');
  t.equal(kept(11), entries.map(({ caller, n }) => `${caller}${n}`).join(' '), 'all where there is room');
  t.equal(kept(6), 'b4 b5 c6 a8 a9 a10');
  t.equal(kept(3), 'b5 c6 a10');
  t.end();
});
