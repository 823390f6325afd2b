import t from 'tap';
import { completeBody } from '#vitald/front/api/status-body.js';
import { BackendsView } from '#vitald/front/outputs/backends-view.js';
import { KnownServers } from '#vitald/front/outputs/nginx/known-servers.js';
import { someAreUnknown, upstreamFileData } from '#vitald/front/outputs/nginx/servers.js';
import { FrontState } from '#vitald/front/view/state.js';
import { epoch, FrontWorld, reloaded } from '../../../support/front-world.js';

const viewOf = (world: FrontWorld): BackendsView => new BackendsView(new FrontState(world.planMessage(), reloaded, epoch), completeBody);

/** `web a up, b down`, for each listener. */
async function standings(world: FrontWorld, file = ''): Promise<string[]> {
  const view = viewOf(world);
  const { listeners } = await upstreamFileData(view, view.listeners, await KnownServers.read(file));
  return listeners.map(({ name, servers }) => `${name}: ${servers.map(({ id, up }) => `${id} ${up ? 'up' : 'down'}`).join(', ')}`);
}

const three = (plan = {}, weight?: number): FrontWorld =>
  new FrontWorld({ web: { backends: ['a', 'b', 'c'], plan, ...(weight !== undefined && { weight }) } });

t.test('a server is down where its backend is not to be routed to', async (t) => {
  const world = three();
  world.turn('web', 'a', 'healthy', 'ok');
  world.turn('web', 'b', 'unhealthy', 'connect_refused');
  world.turn('web', 'c', 'healthy', 'ok');
  t.same(await standings(world), ['web: a up, b down, c up']);
  world.table.recordRouting(world.row('web', 'c').slot, false, 'maintenance');
  t.same(await standings(world), ['web: a up, b down, c down'], 'maintenance');
  world.table.recordRouting(world.row('web', 'b').slot, true, 'fail_open');
  t.same(await standings(world), ['web: a up, b up, c down'], 'fail open');
});

t.test('all may be down: that is for the listener to say', async (t) => {
  const world = three();
  for (const id of ['a', 'b', 'c']) world.turn('web', id, 'unhealthy', 'connect_refused');
  t.same(await standings(world), ['web: a down, b down, c down']);
});

t.test('without a verdict, a server stays as the file has it', async (t) => {
  const file = 'upstream web { server 10.0.0.1:80; server 10.0.0.2:80 down; server 10.0.0.3:80; }';
  const world = three();
  t.same(await standings(world, file), ['web: a up, b down, c up']);
  world.turn('web', 'a', 'unhealthy', 'connect_refused');
  world.turn('web', 'b', 'healthy', 'ok');
  t.same(await standings(world, file), ['web: a down, b up, c up'], 'a verdict counts for more');
});

t.test('a new server without a verdict is down beside others', async (t) => {
  const world = three();
  world.turn('web', 'a', 'healthy', 'ok');
  t.same(await standings(world), ['web: a up, b down, c down']);
});

t.test('a new server without a verdict is up where there is nobody else', async (t) => {
  t.same(await standings(three()), ['web: a up, b up, c up'], 'nothing is known of any');
  const world = three();
  world.turn('web', 'a', 'unhealthy', 'connect_refused');
  t.same(await standings(world), ['web: a down, b up, c up'], 'the others are dead');
});

t.test('a server of weight 0 is down, since nginx knows no weight 0', async (t) => {
  const world = three({}, 0);
  world.turn('web', 'a', 'healthy', 'ok');
  const view = viewOf(world);
  const [web] = (await upstreamFileData(view, ['web'], await KnownServers.read(''))).listeners;
  t.same(
    web!.servers.map(({ weight, up }) => ({ weight, up })),
    Array(3).fill({ weight: 1, up: false }),
  );
});

t.test('a listener without backends is an upstream that answers nobody', async (t) => {
  const world = new FrontWorld({ web: { backends: [] } });
  t.same(await standings(world), ['web: none down']);
});

t.test('listeners that are gone are left out, and those that were not asked for', async (t) => {
  const view = viewOf(new FrontWorld({ web: { backends: ['a'] }, api: { backends: ['b'] } }));
  const { listeners } = await upstreamFileData(view, ['api', 'gone'], await KnownServers.read(''));
  t.same(
    listeners.map(({ name }) => name),
    ['api'],
  );
});

t.test('no name ends a line or a block, whatever it is', async (t) => {
  const id = 'x;} server { listen 1\n#"\u2028$remote_addr';
  const view = viewOf(new FrontWorld({ 'web;}': { backends: [id] } }));
  const { listeners } = await upstreamFileData(view, view.listeners, await KnownServers.read(''));
  t.equal(listeners[0]!.name, 'web__');
  t.match(listeners[0]!.servers[0]!.id, /^[A-Za-z0-9_.:[\]-]+$/);
});

t.test('a backend is unknown where neither a verdict nor the file says anything of it', async (t) => {
  const world = three();
  const unknown = async (file: string): Promise<boolean> => someAreUnknown(viewOf(world), ['web'], await KnownServers.read(file));
  t.equal(await unknown(''), true);
  t.equal(await unknown('upstream web { server 10.0.0.1:80; server 10.0.0.2:80; }'), true);
  world.turn('web', 'c', 'healthy', 'ok');
  t.equal(await unknown('upstream web { server 10.0.0.1:80; server 10.0.0.2:80; }'), false);
});

t.test('thousands of listeners do not hold up the thread', async (t) => {
  const count = 5000;
  const world = new FrontWorld(
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`web-${index}`, { backends: ['a'] }])),
    count,
  );
  const view = viewOf(world);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const { listeners } = await upstreamFileData(view, view.listeners, await KnownServers.read(''));
  clearInterval(timer);
  t.equal(listeners.length, count);
  t.ok(turns > 0);
});
