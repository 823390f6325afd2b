/** `check --print` with the real kinds: every value in words, and none that means something else. */
import t from 'tap';
import { explainAsData, explainAsText } from '#vitald/config/explain.js';
import { loadConfig } from '#vitald/config/load.js';
import { profileNames } from '#vitald/config/profiles/index.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { probeKinds } from '#vitald/probes/registry.js';
import { machine } from '../support/load.js';

function printed(listener: object, more: object = {}, env: Readonly<Record<string, string>> = {}): { text: string; data: string } {
  const text = JSON.stringify({ ...more, listeners: [{ name: 'web', port: 80, backends: ['10.0.0.1'], ...listener }] });
  const { plan, problems, hide } = loadConfig({ file: 'f', text, env, kinds: probeKinds, outputKinds, machine });
  if (plan === undefined) throw new Error(JSON.stringify(problems));
  return {
    text: explainAsText(plan, outputKinds, { kinds: probeKinds, hide }),
    data: JSON.stringify(explainAsData(plan, outputKinds, { hide })),
  };
}

t.test('an empty expected_status is shown as what it means', async (t) => {
  const { text, data } = printed({ protocol: 'http', check: { expected_status: [] } });
  t.match(text, /check\.expected_status +http_2xx$/m);
  t.match(data, '"expected_status":["http_2xx"]');
});

t.test('a ping has no port, and is not refused', async (t) => {
  const { text } = printed({ check: { type: 'ping' }, backends: ['10.0.0.1'] });
  t.match(text, /check\.port +none: a ping check has no port$/m);
  t.match(text, /when an ICMP error comes back$/m);
  t.notMatch(text, 'refused');
});

t.test('defaults are shown in words', async (t) => {
  t.match(printed({ protocol: 'udp' }).text, /check\.udp\.expect +any answer, or none$/m);
  t.match(printed({ protocol: 'udp' }).text, /check\.udp\.send +an empty datagram$/m);
  const { text } = printed({ protocol: 'https' });
  t.match(text, /check\.host +the backend’s address and port$/m);
  t.match(text, /check\.headers +none$/m);
  t.match(text, /check\.tls\.verify +false$/m);
  t.match(text, /check\.tls\.ca_file +those of the system$/m);
});

for (const profile of profileNames) {
  t.test(`${profile}: no value of any kind of check is an empty list, an empty mapping or undefined`, async (t) => {
    for (const { name: type } of probeKinds) {
      const { text } = printed({ protocol: type === 'ping' ? 'tcp' : type, profile, check: { type } });
      t.notMatch(text, /(\[\]|\{\}|undefined|null|NaN)$/m, type);
      t.notMatch(text, /^ +check\.\S+ *$/m, type);
    }
  });
}

t.test('who may add backends, and that the API is open to all, is shown', async (t) => {
  const { text } = printed({}, { server: { listen: '0.0.0.0:8248', insecure: true, allowed_networks: ['10.0.0.0/8'] } });
  t.match(text, /server\.allowed_networks +10\.0\.0\.0\/8$/m);
  t.match(text, /server\.insecure +true/);
  t.match(printed({}).text, /server\.allowed_networks +none/);
});

t.test('options that came from the environment are not shown', async (t) => {
  const check = { path: '${PAGE}', host: '${WORD}', headers: { 'X-Trace': '${ID}' }, method: '${METHOD}' };
  const env = { PAGE: '/s3cret-page', WORD: 'hidden', ID: 'abc-1234', METHOD: 'GET' };
  const { text, data } = printed({ protocol: 'http', check }, {}, env);
  for (const shown of [text, data]) t.notMatch(shown, /s3cret|hidden|abc-1234/);
  t.match(text, /check\.method +GET$/m, 'a word of the schema is no secret');
});
