import t from 'tap';
import { failOpenVote, failsOpen, routing, type Admin, type RoutingPolicy } from '#vitald/health/routable.js';
import type { State } from '#vitald/health/state.js';
import { conformanceCases } from '../support/conformance.js';

interface Case {
  name: string;
  backends: { state: State; weight: number; admin?: Admin }[];
  all_unhealthy: 'none' | 'all';
  initial: 'exclude' | 'include';
  routable: [boolean, string][];
}

for (const c of conformanceCases<Case>('routable')) {
  t.test(`routable: ${c.name}`, async (t) => {
    const policy: RoutingPolicy = { allUnhealthy: c.all_unhealthy, initial: c.initial };
    const views = c.backends.map((backend) => ({ admin: 'none' as const, ...backend }));
    const votes = views.map(failOpenVote);
    const count = (vote: string): number => votes.filter((v) => v === vote).length;
    const failOpen = failsOpen(policy, count('dead'), count('alive'));
    const answers = views.map((view) => routing(view, policy, failOpen));
    t.same(
      answers.map(({ routable, because }) => [routable, because]),
      c.routable,
    );
  });
}
