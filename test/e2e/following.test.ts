import t, { type Test } from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { EventFollower, Poller, truth, type Chaos } from '../support/followers.js';
import { tcpServer, type TcpServer } from '../support/loopback.js';
import { ownAddress } from '../support/own-address.js';
import { generator } from '../support/random.js';
import { server } from '../support/two-backends.js';

const address = ownAddress;

/** A backend that can be switched off and on. */
async function flapping(t: Test): Promise<{ readonly port: number; flip(): Promise<void>; up(): Promise<void> }> {
  let open: TcpServer | undefined = await tcpServer(address);
  const { port } = open;
  const down = async (): Promise<void> => {
    await open?.close();
    open = undefined;
  };
  const up = async (): Promise<void> => {
    open ??= await tcpServer(address, undefined, port);
  };
  t.teardown(down);
  return { port, flip: () => (open === undefined ? up() : down()), up };
}

t.test('whatever flaps, and however a follower is cut off, slowed down and restarted, it ends with the daemon’s state', async (t) => {
  const random = generator(5);
  const backends = await Promise.all(Array.from({ length: 12 }, () => flapping(t)));
  const check = {
    type: 'tcp',
    tcp: { method: 'connect' },
    interval: '100ms',
    timeout: '50ms',
    healthy_threshold: 1,
    unhealthy_threshold: 1,
  };
  const config = {
    server,
    listeners: ['one', 'two'].map((name) => ({ name, check, backends: backends.map(({ port }) => ({ address, port })) })),
  };
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config });
  const chaos: Chaos = { random: generator(6), over: false };
  const followers = [new Poller(daemon.url, chaos), new EventFollower(daemon.url, chaos), new EventFollower(daemon.url, chaos)];
  let last = { epoch: '', revision: -1 };
  const following = followers.map((follower) => follower.follow(() => last));
  const start = (await daemon.status()).revision;
  let revision = start;
  while (revision < start + 300) {
    for (const backend of backends) if (random() < 0.5) await backend.flip();
    revision = (await daemon.status(`?since=${revision}&wait=300ms`)).revision;
    await new Promise((resolve) => setTimeout(resolve, random() * 200));
  }
  for (const backend of backends) await backend.up();
  const settledStatus = await daemon.statusWhen((all) => all.every(({ state, routable }) => state === 'healthy' && routable));
  last = settledStatus;
  chaos.over = true;
  await Promise.all(following);
  const { picture } = await truth(daemon.url);
  const sorted = (map: typeof picture): [string, unknown][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const follower of followers)
    t.same(sorted(follower.picture), sorted(picture), `${follower.constructor.name}: ${JSON.stringify(follower.mishaps)}`);
});
