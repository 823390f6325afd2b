import t from 'tap';
import { loadFile } from '../support/load.js';

t.test('the example of the output `file` is valid', async (t) => {
  const { plan, problems, warnings } = loadFile('deploy/examples/file/vitald.yaml');
  t.same([...problems, ...warnings], []);
  t.match(plan!.outputs, [{ type: 'file', options: { path: '/var/lib/vitald/status.json' } }]);
});
