import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { createLog, type LogOptions } from '#vitald/front/log/log.js';
import { LogLines } from '#vitald/front/log/log-lines.js';
import { smallWorld } from '../../support/front-world.js';

/** A log into a file, and what stands in it. */
function logToFile(t: Test, options: Partial<LogOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vitald-log-'));
  const file = join(folder, 'log');
  const fd = openSync(file, 'w');
  t.teardown(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  const log = createLog({ format: 'json', level: 'info', fd, ...options });
  const said = new LogLines(log.logger);
  const written = async (): Promise<string> => {
    said.flush();
    await log.flush(5000);
    return readFileSync(file, 'utf8');
  };
  const lines = async (): Promise<Record<string, unknown>[]> =>
    (await written())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger: log.logger, said, written, lines };
}

t.test('one line for each transition, with all that led to it', async (t) => {
  const { said, lines } = logToFile(t);
  const world = smallWorld();
  const change = world.turn('web', 'app-1', 'unhealthy', 'status_mismatch', 'HTTP 503');
  said.changes([change, { ...change, what: 'routing' }]);
  const [line, ...others] = await lines();
  t.same(others, [], 'other changes only at level debug');
  const { time, ...rest } = line!;
  t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.same(rest, {
    level: 'warn',
    listener: 'web',
    backend: 'app-1',
    from: 'healthy',
    to: 'unhealthy',
    reason: 'status_mismatch',
    detail: 'HTTP 503',
    run_length: 3,
    revision: change.revision,
    msg: 'web/app-1 is unhealthy: status_mismatch (HTTP 503)',
  });
});

t.test('many lines are written after what else there is to do, a few at a time, in their order', async (t) => {
  const written: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line: string) => void written.push(JSON.parse(line) as Record<string, unknown>) });
  const said = new LogLines(logger);
  const change = smallWorld().turn('web', 'app-1', 'healthy', 'ok');
  said.changes(Array.from({ length: 20_000 }, (_, revision) => ({ ...change, revision })));
  said.notice('info', 'last', {});
  t.equal(written.length, 0, 'none before the answers to whoever waits for the changes');
  await new Promise((resolve) => setImmediate(resolve));
  t.ok(written.length > 0 && written.length < 20_000, `${written.length} in the first turn`);
  while (written.at(-1)!.msg !== 'last') await new Promise((resolve) => setImmediate(resolve));
  t.equal(written.length, 20_001);
  t.ok(written.slice(0, -1).every(({ revision }, place) => revision === place));
});

t.test('secrets are not written', async (t) => {
  const { said, written } = logToFile(t);
  const secret = { Authorization: 'hidden-1', cookie: 'hidden-2' };
  said.notice('warn', 'a notice', { check: { options: { headers: secret } }, password: 'hidden-3' });
  const text = await written();
  t.notMatch(text, 'hidden');
  t.match(text, '[redacted]');
  t.match(text, '"level":"warn"');
});

t.test('for people there is a line without JSON', async (t) => {
  const { logger, written } = logToFile(t, { format: 'pretty' });
  logger.info({ file: 'a.yaml' }, 'hello');
  t.match(await written(), /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: hello \{"file":"a.yaml"\}\n$/);
});

t.test('for people, a transition says everything in its sentence', async (t) => {
  const { said, written } = logToFile(t, { format: 'pretty' });
  said.changes([smallWorld().turn('web', 'app-1', 'unhealthy', 'status_mismatch', 'HTTP 503')]);
  t.match(await written(), /^\[.{12}\] WARN: web\/app-1 is unhealthy: status_mismatch \(HTTP 503\)\n$/);
});

t.test('when nobody reads, lines are dropped and counted, and nothing waits', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vitald-log-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.teardown(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  const log = createLog({ format: 'json', level: 'info', fd, bufferedBytes: 150_000 });
  const filler = 'x'.repeat(1000);
  for (let line = 0; line < 5000; line++) log.logger.info(filler);
  await log.flush(50);
  t.pass('the end does not wait for the reader either');

  const buffer = Buffer.alloc(1 << 16);
  let text = '';
  while (!text.includes('were dropped')) {
    try {
      text += buffer.toString('utf8', 0, readSync(fd, buffer));
    } catch {
      // Empty for now: the writer tries again by itself.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const dropped = Number(/(\d+) log lines were dropped/.exec(text)![1]);
  const kept = text.split('\n').filter((line) => line.includes(filler)).length;
  t.equal(kept + dropped, 5000, 'every line was written or counted');
  t.ok(dropped > 4000, 'no more than the limit was kept');
});
