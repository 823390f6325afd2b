import type { Test } from 'tap';
import { survived } from '../support/checker-faults.js';
import { Capture, type Segment } from '../support/lab/capture.js';
import { startDaemonIn } from '../support/lab/lab-daemon.js';
import type { Lab } from '../support/lab/lab.js';
import { Nginx } from '../support/lab/nginx.js';
import { probe } from '../support/lab/probing.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';
import { eventually } from '../support/eventually.js';

const countingPort = 80;
const nginxPort = 8080;
const probes = 3;
/** 100,000 a second for three seconds; three times as many where the machine has nothing else to do. */
const unrelated = { segments: 300_000, forMs: 3000 };

/** What a small packet counts for in a socket's queue: its data and the kernel's own. */
const largestSkb = 1280;

const nginx = new Nginx();

/** Segments by the port that the checker sent from: one list for each probe, in order. */
function conversations(segments: readonly Segment[], backend: string): string[][] {
  const flags = new Map<string, string[]>();
  for (const { from, to, flags: flag } of segments) {
    const outward = to === backend;
    const checker = outward ? from : to;
    flags.set(checker, [...(flags.get(checker) ?? []), `${outward ? '>' : '<'} ${flag}`]);
  }
  return [...flags.values()];
}

const oneBackend = (port: number, method: 'syn' | 'connect'): object => ({
  listeners: [
    {
      name: 'web',
      check: { interval: '100ms', timeout: '1s', tcp: { method } },
      backends: [{ address: at.backend, port, name: 'app' }],
    },
  ],
});

/** What the kernel has in store for the raw TCP socket in the checker's namespace (proc(5), /proc/net/raw). */
async function rawTcpSocket(lab: Lab): Promise<{ queuedBytes: number; drops: number }> {
  const table = await lab.run('checker', ['cat', '/proc/net/raw']);
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
  const [row, ...more] = rows.filter((columns) => columns[1]?.endsWith(':0006'));
  if (row === undefined || more.length > 0) throw new Error(`not one raw TCP socket:\n${table}`);
  return { queuedBytes: parseInt(row[4]!.split(':')[1]!, 16), drops: Number(row.at(-1)) };
}

async function showHandshakes(t: Test, lab: Lab, address: string): Promise<void> {
  const capture = await Capture.start(lab, 'backend', 'eth0', `tcp and port ${countingPort}`);
  const host = address.includes(':') ? `[${address}]` : address;
  const reports = await probe(lab, [`tcp://${host}:${countingPort}`], '--count', String(probes));
  t.match(reports, Array(probes).fill({ outcome: 'pass', method: 'syn' }));
  const segments = await capture.finish(3 * probes);
  t.same(conversations(segments, `${address}.${countingPort}`), Array(probes).fill(['> S', '< S.', '> R']));
}

labSuite({
  tools: ['tcpdump', 'nginx'],
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await nginx.start(lab, 'backend', `server { listen ${nginxPort}; listen [::]:${nginxPort}; }`);
    await (await lab.agent('backend')).call('serveTcp', { address: '::', port: countingPort });
    return { lab };
  },
  tests: {
    'a SYN probe is SYN, SYN-ACK, RST, and nothing more': (t, { lab }) => showHandshakes(t, lab, at.backend),
    'a SYN probe over IPv6 is SYN, SYN-ACK, RST, and nothing more': (t, { lab }) => showHandshakes(t, lab, at.backend6),
    'the application’s accept never returns for a SYN probe, and does for one that connects': async (t, { lab }) => {
      const backend = await lab.agent('backend');
      const before = await backend.call('accepted', countingPort);
      await probe(lab, [`tcp://${at.backend}:${countingPort}`], '--count', '10');
      t.equal(await backend.call('accepted', countingPort), before, 'no accept in ten SYN probes');

      const daemon = await startDaemonIn(t, lab, 'checker', oneBackend(countingPort, 'connect'));
      await daemon.backendWhen('web', 'app', ({ state }) => state === 'healthy');
      await eventually('an accept', async () => (await backend.call('accepted', countingPort)) > before);
    },
    'nginx logs nothing of SYN probes, and does log those that connect': async (t, { lab }) => {
      const said = (): string => nginx.log('access') + nginx.log('error');
      const before = said();
      await probe(lab, [`tcp://${at.backend}:${nginxPort}`, `tcp://[${at.backend6}]:${nginxPort}`], '--count', '5');
      t.equal(said(), before);
      const daemon = await startDaemonIn(t, lab, 'checker', oneBackend(nginxPort, 'connect'));
      await daemon.backendWhen('web', 'app', ({ state }) => state === 'healthy');
      await eventually('a line in nginx’s log', () => said() !== before);
    },
    'with 100,000 unrelated TCP segments a second the SYN socket receives none of them': async (t, { lab }) => {
      const daemon = await startDaemonIn(t, lab, 'checker', oneBackend(countingPort, 'syn'));
      await daemon.backendWhen('web', 'app', ({ run }) => run !== null && run.length >= 3);
      const flooder = await lab.agent('checker');

      // While the process stands still nothing is read: whatever the kernel lets through stays in the queue, or drops.
      daemon.signal('SIGSTOP');
      const stopped = await flooder.call('flood', unrelated);
      const socket = await rawTcpSocket(lab);
      daemon.signal('SIGCONT');
      t.comment(`${stopped.segments} segments in ${stopped.tookMs.toFixed(0)} ms`);
      t.ok(stopped.segments >= unrelated.segments, 'so many really flowed');
      t.equal(socket.drops, 0);
      t.ok(socket.queuedBytes <= 2 * largestSkb, `${socket.queuedBytes} bytes queued: a reply to the last probe at most`);

      const before = await daemon.metric('vitald_probes_total');
      const running = await flooder.call('flood', unrelated);
      t.comment(`${running.segments} segments in ${running.tookMs.toFixed(0)} ms`);
      await eventually('some more probes', async () => (await daemon.metric('vitald_probes_total')) >= before + 10);
      t.equal((await rawTcpSocket(lab)).drops, 0);
      t.equal(await daemon.metric('vitald_probes_total', 'outcome="fail"'), 0, 'every probe was answered');
      t.match(await daemon.backend('web', 'app'), { state: 'healthy', transitions: [{ to: 'healthy' }] });
      survived(t, 'stopped-in-flood');
    },
  },
});
