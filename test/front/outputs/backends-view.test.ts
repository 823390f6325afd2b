import t from 'tap';
import { completeBody } from '#vitald/front/api/status-body.js';
import { BackendsView, type OutputBackend } from '#vitald/front/outputs/backends-view.js';
import { FrontState } from '#vitald/front/view/state.js';
import { epoch, FrontWorld, reloaded } from '../../support/front-world.js';

const ids = (backends: Iterable<OutputBackend>): string[] => [...backends].map(({ backend }) => backend);

t.test('whoever reads on after a reload is not shown another backend in the place of one that has gone', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b', 'c'] } });
  const state = new FrontState(world.planMessage(), reloaded, epoch);
  const view = new BackendsView(state, completeBody);
  const reading = view.backends('web');
  t.match(reading.next().value, { backend: 'a' });
  // d is given the row of b.
  state.applyPlan(world.reconfigure({ web: { backends: ['a', 'd', 'c'] } }));
  t.same(ids(reading), ['c']);
  t.same(ids(view.backends()), ['a', 'd', 'c']);
});

t.test('the status is what the API answers, of one revision', async (t) => {
  const world = new FrontWorld({ web: { backends: ['a', 'b'] } });
  const state = new FrontState(world.planMessage(), reloaded, epoch);
  const { revision, pieces } = new BackendsView(state, completeBody).statusBody();
  const body = JSON.parse(Buffer.concat([...pieces]).toString()) as object;
  t.match(body, { checker: 'lb-1', revision, complete: true, backends: [{ backend: 'a' }, { backend: 'b' }], removed: [] });
});
