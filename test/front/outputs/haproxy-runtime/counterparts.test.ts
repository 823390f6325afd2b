import t from 'tap';
import { parse } from 'yaml';
import { completeBody } from '#vitald/front/api/status-body.js';
import { BackendsView } from '#vitald/front/outputs/backends-view.js';
import { Counterparts } from '#vitald/front/outputs/haproxy-runtime/counterparts.js';
import type { HaproxyServer } from '#vitald/front/outputs/haproxy-runtime/servers-state.js';
import { ServerNames } from '#vitald/front/outputs/haproxy/names.js';
import type { HaproxyOptions } from '#vitald/front/outputs/haproxy/options.js';
import { FrontState } from '#vitald/front/view/state.js';
import { epoch, FrontWorld, reloaded, type Sketch } from '../../../support/front-world.js';

type Options = Pick<HaproxyOptions, 'backends' | 'servers' | 'listeners'>;

/** @param servers of HAProxy: BACKEND/SERVER, and its address where that matters */
function reviewed(sketch: Sketch, servers: readonly (readonly [name: string, address?: string])[], options: Options = {}): Counterparts {
  const view = new BackendsView(new FrontState(new FrontWorld(sketch).planMessage(), reloaded, epoch), completeBody);
  const names = new ServerNames(view, { control: 'all', weights: 'relative', ...options });
  const counterparts = new Counterparts(names, view);
  for (const [name, address] of servers) {
    const [backend = '', server = ''] = name.split('/');
    counterparts.saw({ backend, server, address, port: 80 } as HaproxyServer, names.find(backend, server));
  }
  return counterparts;
}

const web = { web: { backends: ['app-1', 'app-2'] } };
const both = { ...web, dns: { backends: ['ns-1'] } };
const whole = [['web/app-1'], ['web/app-2']] as const;

t.test('where everything has a counterpart there is nothing to say', async (t) => {
  t.same(reviewed(web, whole).problems(), []);
  t.same(reviewed(both, [...whole, ['dns/ns-1'], ['other/x']]).problems(), []);
  t.same(reviewed({ ...web, empty: { backends: [] } }, whole).problems(), [], 'a listener without backends has nothing to follow');
});

t.test('a listener without a backend: its name, and the mapping to the backend that has its servers', async (t) => {
  const byName = reviewed(web, [['be_web/app-1'], ['be_web/app-2'], ['be_api/x']]);
  t.same(byName.missingListeners(), ['web']);
  t.match(byName.problems(), [
    /^HAProxy has no backend "web" with servers, so nothing follows the verdicts of listener web: .*backends: \{ be_web: web \}/,
  ]);
  const byAddress = reviewed(web, [
    ['one/s1', '10.9.9.9'],
    ['two/s1', '10.0.0.1'],
    ['two/s2', '10.0.0.2'],
  ]);
  t.match(byAddress.problems(), [/backends: \{ two: web \}/]);
});

t.test('where no backend of HAProxy looks like it, those that there are', async (t) => {
  const [problem] = reviewed(web, [['be_a/x'], ['be_b/y']]).problems();
  t.match(problem, /backends: \{ HAPROXY_BACKEND: web \}.*HAProxy has backends be_a, be_b/);
  t.match(problem, /list under listeners: those that it serves/);
});

t.test('one listener matches, the other does not', async (t) => {
  const counterparts = reviewed(both, whole);
  t.same(counterparts.missingListeners(), ['dns']);
  t.match(counterparts.problems(), [/listener dns/]);
});

t.test('listeners that the output is not for are not missed, and their servers are left alone', async (t) => {
  const counterparts = reviewed(both, [...whole, ['dns/ns-1']], { listeners: ['web'] });
  t.same(counterparts.problems(), []);
  t.same(reviewed(both, whole, { listeners: ['web'] }).problems(), []);
  t.match(reviewed(both, whole, { listeners: ['dns'] }).problems(), [/listener dns/]);
});

t.test('a backend without a server: its name, and the mapping to the server at the same address', async (t) => {
  const [problem, ...more] = reviewed(web, [['web/app-1'], ['web/s2', '10.0.0.2']]).problems();
  t.same(more, []);
  t.match(problem, /^only 1 of the 2 backends of listener web have a server in HAProxy's backend web: app-2 has none/);
  t.match(problem, /servers: \{ web\/s2: web\/app-2 \}/);
  t.match(reviewed(web, [['web/app-1']]).problems(), [/servers: \{ web\/SERVER: web\/app-2 \}/]);
});

t.test('servers may be in several backends of HAProxy, by mappings', async (t) => {
  const options = { backends: { be_web: 'web' }, servers: { 'pool/s2': 'web/app-2' } };
  t.same(reviewed(web, [['be_web/app-1'], ['pool/s2']], options).problems(), []);
  t.same(reviewed(web, [['pool/s1'], ['pool/s2']], { servers: { 'pool/s1': 'web/app-1', 'pool/s2': 'web/app-2' } }).problems(), []);
  t.match(reviewed(web, [['pool/s2']], options).problems(), [/only 1 of the 2 backends of listener web have a server in HAProxy: app-1/]);
});

t.test('each backend of HAProxy that stands for a listener must have all servers', async (t) => {
  const options = { backends: { plain: 'web', secure: 'web' } };
  t.match(reviewed(web, [['plain/app-1'], ['plain/app-2'], ['secure/app-1']], options).problems(), [/backend secure: app-2/]);
});

t.test('a mapping of a name that HAProxy does not have', async (t) => {
  t.match(reviewed(web, whole, { backends: { be_old: 'web' } }).problems(), [/HAProxy has no backend be_old with servers: take it out/]);
  t.match(reviewed(web, [['be_web/app-1']], { backends: { be_wib: 'web' } }).problems(), [
    /no backend "be_wib" with servers.*listener web/,
  ]);
});

t.test('of many the first are told in words, and all by name', async (t) => {
  const sketch = Object.fromEntries(Array.from({ length: 9 }, (_, nth) => [`l${nth}`, { backends: ['a'] }]));
  const problems = reviewed(sketch, [['x/y']]).problems();
  t.equal(problems.length, 4);
  for (const name of Object.keys(sketch)) t.match(problems.join('; '), new RegExp(`\\b${name}\\b`));
});

t.test('mappings in messages are YAML, whatever the names are', async (t) => {
  const [problem = ''] = reviewed({ no: { backends: ['10.0.0.1:80'] } }, [['be:1/10.0.0.1:80']]).problems();
  const [mapping] = /backends: \{.*?\}/.exec(problem) ?? [''];
  t.same(parse(mapping), { backends: { 'be:1': 'no' } });
});
