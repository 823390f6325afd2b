import t from 'tap';
import type { AccessPlan, ServerPlan } from '#vitald/config/plan.js';
import { needsRestart } from '#vitald/front/listen/listen.js';
import { openAccess } from '../../support/plans.js';

const at = (access: Partial<AccessPlan> = {}, more: Partial<ServerPlan> = {}): ServerPlan => ({
  host: '127.0.0.1',
  port: 8248,
  stateDir: undefined,
  allowedNetworks: [],
  access: { ...openAccess, ...access },
  ...more,
});
const tls = { certFile: 'a', keyFile: 'b', clientCaFile: undefined, minVersion: '1.2' } as const;
const unixSocket = { path: '/run/a', mode: 0o600, group: undefined, role: 'read' } as const;

t.test('what a reload cannot change is told of, and only that', async (t) => {
  const token = { name: 'a', role: 'read', sha256: '0'.repeat(64) } as const;
  t.same(needsRestart(at(), at()), []);
  t.same(
    needsRestart(at(), at({ tokens: [token], open: ['metrics'], names: ['x'], limits: { ...openAccess.limits, connections: 1 } })),
    [],
  );
  t.same(needsRestart(at({ tls }), at({ tls: { ...tls, certFile: 'c', minVersion: '1.3' } })), []);
  t.same(needsRestart(at({ unixSocket }), at({ unixSocket: { ...unixSocket, role: 'admin' } })), []);
});

const changes: [what: string, bound: ServerPlan, wanted: ServerPlan, told: RegExp][] = [
  ['the address', at(), at({}, { port: 8249 }), /^server\.listen changes only at a restart; until then it is 127\.0\.0\.1:8248$/],
  ['a second address', at(), at({ metricsListen: { host: '127.0.0.1', port: 1 } }), /^server\.metrics_listen changes/],
  ['a Unix socket', at({ unixSocket }), at(), /^server\.unix_socket changes/],
  ['its mode', at({ unixSocket }), at({ unixSocket: { ...unixSocket, mode: 0o660 } }), /^server\.unix_socket changes/],
  ['TLS where there was none', at(), at({ tls }), /^server\.tls changes/],
  ['no TLS any more', at({ tls }), at(), /^server\.tls changes/],
  ['an authority for clients', at({ tls }), at({ tls: { ...tls, clientCaFile: 'c' } }), /^clients are asked for certificates/],
];

for (const [what, bound, wanted, told] of changes) {
  t.test(what, async (t) => {
    const sentences = needsRestart(bound, wanted);
    t.equal(sentences.length, 1);
    t.match(sentences[0], told);
  });
}
