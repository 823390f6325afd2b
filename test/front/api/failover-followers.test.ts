/**
 * The promise to control planes, with two daemons behind one name: they started in the same second, so that their
 * revisions are the same and their backends are not.
 */
import t, { type Test } from 'tap';
import { EventFollower, Poller, truth, type Chaos, type Last } from '../../support/followers.js';
import { appOf, FrontWorld, type Sketch } from '../../support/front-world.js';
import { generator } from '../../support/random.js';

const sketch: Sketch = {
  web: { backends: Array.from({ length: 20 }, (_, i) => `backend-${i}`) },
  dns: { backends: ['one', 'two', 'three'] },
};

/** A daemon whose backends do as a generator of its own says. */
async function drifting(t: Test, seed: number) {
  const world = new FrontWorld(sketch, 64);
  const random = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const { app, state } = await appOf(world);
  t.teardown(() => app.close());
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  /** So many changes of whatever kind. */
  const change = (count: number): void =>
    state.applyChanges(
      Array.from({ length: count }, () => {
        const listener = pick(['web', 'web', 'dns'] as const);
        const backend = pick(sketch[listener]!.backends);
        if (random() < 0.1) return world.weigh(listener, backend, Math.floor(random() * 100));
        return world.turn(listener, backend, random() < 0.5 ? 'healthy' : 'unhealthy', 'connect_refused');
      }),
    );
  return { base, state, world, change, replace: () => state.applyPlan(world.replace('web', pick(sketch.web!.backends))) };
}

t.test(
  'whoever follows two daemons of the same revisions, and goes to and fro between them, ends with the state of the one it is at',
  async (t) => {
    const random = generator(1);
    const daemons = [await drifting(t, 2), await drifting(t, 3)];
    const bases = daemons.map(({ base }) => base);
    const chaos: Chaos = { random: generator(4), over: false };
    const filters = ['', '', 'listener=dns'];
    const followers = filters.flatMap((filter) => [new Poller(bases, chaos, filter), new EventFollower(bases, chaos, filter)]);
    const following = followers.map((follower) => {
      const last: Last = (base) => {
        const { state, world } = daemons.find((one) => one.base === base)!;
        const isFiltered = follower instanceof EventFollower && follower.filter !== '';
        const ofFilter = Math.max(state.changes.newestOf(['dns']), follower.known?.revision ?? 0);
        return { epoch: state.epoch, revision: isFiltered ? ofFilter : world.revision };
      };
      return follower.follow(last);
    });
    const failedOver = (): boolean => followers.every(({ mishaps }) => mishaps.failedOver > 2);
    for (let made = 0; made < 2000 || !failedOver();) {
      const count = 1 + Math.floor(random() * 20);
      made += count;
      for (const daemon of daemons) daemon.change(count);
      if (random() < 0.03) for (const daemon of daemons) daemon.replace();
      if (daemons[0]!.world.revision !== daemons[1]!.world.revision) return t.fail('their revisions are not the same');
      await new Promise((resolve) => setTimeout(resolve, random() * 10));
    }
    chaos.over = true;
    await Promise.all(following);
    for (const follower of followers) {
      const { picture } = await truth(follower.base, follower.filter === '' ? '' : `?${follower.filter}`);
      const sorted = (map: typeof picture): [string, unknown][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
      const what = `${follower.constructor.name} ${follower.filter}: ${JSON.stringify(follower.mishaps)}`;
      t.same(sorted(follower.picture), sorted(picture), what);
      if (follower instanceof EventFollower) t.equal(follower.contradictions, 0, `${what} has missed nothing on the way`);
    }
  },
);
