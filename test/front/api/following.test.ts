/**
 * The promise to control planes: whoever follows as docs/api.md says ends with exactly the daemon's state, however often
 * it is cut off, slowed down and restarted.
 */
import t from 'tap';
import { EventLog } from '#vitald/front/view/events/event-log.js';
import { EventReaders } from '#vitald/front/view/events/event-readers.js';
import { EventFollower, Poller, truth, type Chaos, type Mishaps } from '../../support/followers.js';
import { appOf, FrontWorld, type Sketch } from '../../support/front-world.js';
import { generator } from '../../support/random.js';

const transitions = 10_000;
const names = Array.from({ length: 40 }, (_, i) => `backend-${i}`);
/** So little that readers fall out of it. */
const logBytes = 60_000;

const total = (list: readonly { readonly mishaps: Mishaps }[], what: keyof Mishaps): number =>
  list.reduce((sum, { mishaps }) => sum + mishaps[what], 0);

/** One is enough for every day; others were run when this was written. */
for (const seed of [1]) {
  t.test(
    `followers that are cut off, slowed down and restarted over ${transitions} transitions have the daemon’s state (seed ${seed})`,
    async (t) => {
      const random = generator(seed);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
      const sketch = (): Sketch => ({
        web: { backends: names.filter(() => random() < 0.8) },
        dns: { backends: names.filter(() => random() < 0.3) },
        ntp: { backends: ['one'] },
      });
      let now = sketch();
      const world = new FrontWorld(now, 256);
      const { app, state } = await appOf(world);
      t.teardown(() => app.close());
      const events = new EventLog({ epoch: state.epoch, revision: world.revision }, logBytes);
      Object.defineProperties(state, { events: { value: events }, eventReaders: { value: new EventReaders(events) } });
      const base = await app.listen({ port: 0, host: '127.0.0.1' });

      const chaos: Chaos = { random: generator(seed + 100), over: false };
      const filters = ['', '', 'listener=dns', 'listener=ntp&listener=web'];
      const followers = filters.flatMap((filter) => [new Poller(base, chaos, filter), new EventFollower(base, chaos, filter)]);
      const lastOf = (filter: string): number => {
        const listeners = filter === '' ? undefined : [...new URLSearchParams(filter).values()];
        return listeners === undefined ? world.revision : state.changes.newestOf(listeners);
      };
      // A poller is told the revision of all listeners; events end with the last one that is wanted.
      const following = followers.map((follower) =>
        follower.follow(() => ({
          epoch: state.epoch,
          revision: follower instanceof Poller ? world.revision : Math.max(lastOf(follower.filter), follower.known?.revision ?? 0),
        })),
      );

      const pollers = followers.filter((follower) => follower instanceof Poller);
      const readers = followers.filter((follower) => follower instanceof EventFollower);
      const sawAll = (): boolean =>
        [pollers, readers].every((list) => total(list, 'cut') > 0 && total(list, 'slow') > 0 && total(list, 'restarted') > 0) &&
        total(readers, 'resets') > 0;
      let made = 0;
      while (made < transitions || !sawAll()) {
        const batch = Array.from({ length: 1 + Math.floor(random() * random() * 60) }, () => {
          const listener = pick(['web', 'web', 'web', 'dns', 'ntp'] as const);
          const backend = pick(now[listener]!.backends);
          if (random() < 0.1) return world.weigh(listener, backend, Math.floor(random() * 100));
          return world.turn(listener, backend, random() < 0.5 ? 'healthy' : 'unhealthy', 'connect_refused', `number ${made}`);
        });
        made += batch.length;
        state.applyChanges(batch);
        const event = random();
        if (event < 0.01) state.applyPlan(world.reconfigure((now = sketch())));
        else if (event < 0.03) state.applyPlan(world.replace('web', pick(now.web!.backends)));
        await new Promise((resolve) => (random() < 0.2 ? setTimeout(resolve, random() * 10) : setImmediate(resolve)));
      }
      chaos.over = true;
      await Promise.all(following);

      for (const follower of followers) {
        const { picture } = await truth(base, follower.filter === '' ? '' : `?${follower.filter}`);
        const what = `${made} transitions, ${follower.constructor.name} ${follower.filter}: ${JSON.stringify(follower.mishaps)}`;
        const sorted = (map: typeof picture): [string, unknown][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
        t.same(sorted(follower.picture), sorted(picture), what);
      }
      t.same(
        readers.map(({ contradictions }) => contradictions),
        readers.map(() => 0),
        'no reader of events has missed one on the way either',
      );
    },
  );
}
