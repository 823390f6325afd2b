import t from 'tap';
import { load, planOf, said } from '../../../support/load.js';

const config = (outputs: string): string => `
outputs:
${outputs}
listeners: [ { name: web, protocol: tcp, port: 80, backends: [10.0.0.1] } ]
`;

t.test('the least that is written has all defaults', async (t) => {
  const { outputs } = planOf(config('  haproxy_agent: [ {} ]\n  haproxy_runtime: [ { socket: /run/haproxy/admin.sock } ]'));
  t.same(outputs, [
    { name: 'haproxy_agent', type: 'haproxy_agent', options: { listen: '127.0.0.1:8249', control: 'all', weights: 'relative' } },
    {
      name: 'haproxy_runtime',
      type: 'haproxy_runtime',
      options: { socket: '/run/haproxy/admin.sock', reconcile_interval: '1s', control: 'all', weights: 'relative' },
    },
  ]);
});

t.test('names that differ are given by mappings', async (t) => {
  const text = config('  haproxy_agent: [ { backends: { be_web: web }, servers: { be_web/s1: "web/10.0.0.1:80" } } ]');
  t.same(said(load(text)), []);
});

t.test('what is wrong is told with its place', async (t) => {
  const agent = (options: string): string[] => said(load(config(`  haproxy_agent: [ { ${options} } ]`)));
  const runtime = (options: string): string[] => said(load(config(`  haproxy_runtime: [ { ${options} } ]`)));
  t.match(agent('listen: 127.0.0.1'), ['3:30: outputs.haproxy_agent[0].listen: "127.0.0.1" has no port; expected ADDRESS:PORT']);
  t.match(agent('listen: "haproxy:9"'), [/listen: "haproxy" is not an address of this machine to listen on; expected/]);
  t.match(agent('backends: { be: wep }'), [/outputs.haproxy_agent\[0\].backends.be: there is no listener "wep"/]);
  t.match(agent('servers: { be/s1: web }'), [/servers\[…\]: .*LISTENER\/BACKEND/]);
  t.match(agent('servers: { be/s1: wep/a }'), [/servers\[…\]: there is no listener "wep"/]);
  t.match(agent('servers: { s1: web/a }'), [/this key is not allowed; expected BACKEND\/SERVER/]);
  t.match(agent('control: some'), [/control: .*all.*health/]);
  t.match(runtime('socket: /s, listeners: [wep]'), [/listeners\[0\]: there is no listener "wep"; listeners are web/]);
  t.match(runtime(''), [/socket: missing; required: the path of a socket, for example/]);
  t.match(runtime('socket: run/haproxy.sock'), [
    /this text is neither the path of a socket nor an address; expected the path of HAProxy's/,
  ]);
  t.match(runtime('socket: 127.0.0.1'), [/"127.0.0.1" has no port/]);
  t.match(runtime('socket: /s, reconcile_interval: 10ms'), [/reconcile_interval: 10ms is out of range; allowed: 100ms to 1h/]);
});
