/** Reloads, and the API thread, while the process has no free descriptors. */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { RunningDaemon, temporaryFolder, type LogLine } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { descriptorsOf } from '../support/inherited.js';
import { ownAddress, secondAddress } from '../support/own-address.js';
import { quick, server } from '../support/two-backends.js';

const skip = process.getuid?.() === 0 && spawnSync('prlimit', ['--version']).status === 0 ? false : 'root and prlimit are needed';

/** Raw sockets at another source address with each reload. */
const config = (name: string, source: string): object => ({
  server,
  listeners: [
    {
      name,
      protocol: 'tcp',
      check: { ...quick, type: 'tcp', source, ...(process.getuid?.() === 0 && { tcp: { method: 'syn' } }) },
      backends: ['127.0.0.1:1'],
    },
    { name: 'plain', protocol: 'tcp', check: { ...quick, tcp: { method: 'auto' } }, backends: ['127.0.0.1:1'] },
  ],
});

const limitFiles = (pid: number, limit: number): void => {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${limit}:`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
};

/** The number that the next descriptor would get. */
function lowestFree(pid: number): number {
  const used = new Set(descriptorsOf(pid).map(({ fd }) => fd));
  let fd = 0;
  while (used.has(fd)) fd++;
  return fd;
}

/** The same without descriptors that are closed within a moment: those of the configuration that a reload has replaced. */
async function lowestFreeSoon(pid: number): Promise<number> {
  let lowest = Infinity;
  for (let looks = 0; looks < 10; looks++) {
    lowest = Math.min(lowest, lowestFree(pid));
    await sleep(30);
  }
  return lowest;
}

const shortages = (log: readonly LogLine[]): LogLine[] => log.filter(({ msg }) => /was not reloaded: .*\(E[MN]FILE\)/.test(msg));
const inForce = (log: readonly LogLine[]): LogLine[] => log.filter(({ msg }) => msg === 'a new configuration is in force');
const refusals = (log: readonly LogLine[]): LogLine[] => log.filter(({ msg }) => /not valid/.test(msg));
const fallbacks = (log: readonly LogLine[]): LogLine[] => log.filter(({ msg }) => /instead of a half-open SYN/.test(msg));

async function reloaded(daemon: RunningDaemon, name: string): Promise<void> {
  await eventually(`${name} in force`, async () => (await daemon.status()).backends.some(({ listener }) => listener === name), {
    withinMs: 60_000,
  });
}

async function started(t: Test): Promise<RunningDaemon> {
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: config('first', ownAddress) });
  await reloaded(daemon, 'first');
  return daemon;
}

t.test('a reload without free descriptors names the shortage, and is made by itself once there are some', { skip }, async (t) => {
  const daemon = await started(t);
  limitFiles(daemon.pid, await lowestFreeSoon(daemon.pid));
  daemon.rewriteConfig(config('second', secondAddress));
  daemon.signal('SIGHUP');
  const [line] = await eventually('the shortage in the log', () => shortages(daemon.log).length > 0 && shortages(daemon.log));
  t.match(line, { level: 'error', msg: /the current one stays in force, and the reload is tried again in 1 s/ });
  limitFiles(daemon.pid, 1024);
  t.ok(
    (await daemon.status()).backends.some(({ listener }) => listener === 'first'),
    'the old one is in force',
  );
  await reloaded(daemon, 'second');
  t.equal(await daemon.metric('vitald_config_last_reload_successful'), 1);
  t.same(refusals(daemon.log), []);
});

t.test(
  'however few descriptors are free, no reload is called invalid, and no probe changes its method',
  { skip, timeout: 300_000 },
  async (t) => {
    const daemon = await started(t);
    let seen = 0;
    for (const free of [0, 1, 2, 3, 4, 5, 8, 12]) {
      limitFiles(daemon.pid, (await lowestFreeSoon(daemon.pid)) + free);
      const name = `free-${free}`;
      daemon.rewriteConfig(config(name, free % 2 === 0 ? secondAddress : ownAddress));
      const [before, reloads] = [shortages(daemon.log).length, inForce(daemon.log).length];
      daemon.signal('SIGHUP');
      // By the log: without descriptors the API accepts no connection.
      await eventually('the end of the reload', () => shortages(daemon.log).length > before || inForce(daemon.log).length > reloads);
      seen += shortages(daemon.log).length - before;
      limitFiles(daemon.pid, 1024);
      await eventually(`${name} in force`, () => inForce(daemon.log).length > reloads);
    }
    t.ok(seen >= 2, `${seen} reloads met a shortage`);
    t.same(
      refusals(daemon.log).map(({ problems }) => problems),
      [],
    );
    t.same(fallbacks(daemon.log), []);
  },
);
