/** A daemon that shares its processor with programs that never rest. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { Child } from '../support/child.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { missingTools } from '../support/lab/requirements.js';
import { listener, openAndClosed, server } from '../support/two-backends.js';

const skip = process.platform === 'linux' ? (missingTools(['taskset']) ?? false) : 'Linux is needed';

/** The first processor that this process may use. */
const processor = (): string => /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!;

t.test('a reload beside two busy programs does not take longer than a start there', { skip }, async (t) => {
  const onOneProcessor = (command: readonly string[]): string[] => ['taskset', '--cpu-list', processor(), ...command];
  for (let count = 0; count < 2; count++) {
    const busy = new Child(onOneProcessor(['sh', '-c', 'while :; do :; done']));
    t.teardown(() => busy.stop('SIGKILL'));
  }
  const config = { server, listeners: [listener('web', await openAndClosed(t), { interval: '10s' })] };
  const startedAt = performance.now();
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config, within: onOneProcessor });
  const startMs = performance.now() - startedAt;
  const reloadedAt = performance.now();
  daemon.signal('SIGHUP');
  await daemon.logged(({ msg }) => msg === 'a new configuration is in force');
  const reloadMs = performance.now() - reloadedAt;
  t.comment(`start ${Math.round(startMs)} ms, reload ${Math.round(reloadMs)} ms`);
  // It takes about half as much work. A thread of the lowest priority needed at least four times as long.
  t.ok(reloadMs < 2 * startMs, `${Math.round(reloadMs)} ms after a start of ${Math.round(startMs)} ms`);
});
