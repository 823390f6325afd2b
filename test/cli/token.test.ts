import t from 'tap';
import { tokenCommand } from '#vitald/cli/token.js';
import { hashOfToken } from '#vitald/config/token.js';
import { load } from '../support/load.js';

function run(options: Partial<Parameters<typeof tokenCommand>[0]>) {
  let out = '';
  let err = '';
  const io = { out: (text: string) => (out += text), err: (text: string) => (err += text), color: false };
  tokenCommand({ name: 'client', role: 'read', json: false, ...options }, io);
  return { out, err };
}

t.test('the entry that it prints is valid, and of the token that it prints', async (t) => {
  const { out } = run({ name: 'deploy-bot', role: 'operate' });
  const [token = '', ...yaml] = out.split('\n');
  t.match(token, /^vitald_[\w-]{43}$/);
  const { plan, problems } = load(`${yaml.join('\n')}\nlisteners: []\n`);
  t.same(problems, []);
  t.same(plan?.server.access.tokens, [{ name: 'deploy-bot', role: 'operate', sha256: hashOfToken(token) }]);
});

t.test('for machines it is JSON', async (t) => {
  const made = JSON.parse(run({ json: true }).out) as { token: string; sha256: string };
  t.match(made, { name: 'client', role: 'read', sha256: hashOfToken(made.token) });
  t.not((JSON.parse(run({ json: true }).out) as { token: string }).token, made.token, 'each is another one');
});

t.test('a role or name that the configuration would refuse is refused', async (t) => {
  t.throws(() => run({ role: 'root' }), { code: 'usage', message: /not one of read, operate, admin/ });
  t.throws(() => run({ name: 'a b' }), { code: 'usage' });
});
