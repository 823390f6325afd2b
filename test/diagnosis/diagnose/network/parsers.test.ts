import t from 'tap';
import { readHops } from '#vitald/diagnosis/diagnose/network/steps/hops.js';
import { readNeighbour } from '#vitald/diagnosis/diagnose/network/steps/neighbour.js';
import { readRoute } from '#vitald/diagnosis/diagnose/network/steps/route.js';

t.test('the kernel’s route, as iproute2 tells it', async (t) => {
  const gateway = '[{"dst":"10.78.0.2","gateway":"10.77.0.254","dev":"eth0","prefsrc":"10.77.0.1","flags":[],"uid":0,"cache":[]}]';
  t.match(readRoute(gateway, ''), { kind: 'by_gateway', gateway: '10.77.0.254', device: 'eth0', source: '10.77.0.1' });
  t.match(readRoute('[{"dst":"10.77.0.99","dev":"eth0","prefsrc":"10.77.0.1","flags":[]}]', ''), { kind: 'on_link' });
  t.match(readRoute('[{"type":"local","dst":"127.0.0.1","dev":"lo","prefsrc":"127.0.0.1"}]', ''), { kind: 'local' });
  t.match(readRoute('[{"dst":"10.0.0.1","via":{"family":"inet6","host":"fe80::1"},"dev":"eth0"}]', ''), {
    kind: 'by_gateway',
    gateway: 'fe80::1',
  });
  t.match(readRoute('', 'RTNETLINK answers: Network is unreachable'), { kind: 'none', detail: /Network is unreachable/ });
  t.match(readRoute('[{"type":"unreachable","dst":"10.0.0.1","dev":"lo"}]', ''), { kind: 'none', detail: /unreachable/ });
  for (const strange of ['', '[]', '{}', 'null', '[null]', '[{}]', 'not JSON']) t.match(readRoute(strange, ''), { kind: 'none' }, strange);
});

t.test('who answers for an address, as iproute2 tells it', async (t) => {
  const entry = (state: string, lladdr = ''): string => `[{"dst":"10.77.0.99","dev":"eth0"${lladdr},"state":["${state}"]}]`;
  t.match(readNeighbour(entry('FAILED')), { state: 'absent' });
  t.match(readNeighbour(entry('INCOMPLETE')), { state: 'asking' });
  t.match(readNeighbour(entry('REACHABLE', ',"lladdr":"02:00:00:00:00:01"')), { state: 'present', text: /02:00/ });
  t.match(readNeighbour(entry('STALE', ',"lladdr":"02:00:00:00:00:01"')), { state: 'present' });
  for (const strange of ['', '[]', '[{}]']) t.match(readNeighbour(strange), { state: 'unknown' }, strange);
});

t.test('routers on the way, and packets that go round', async (t) => {
  const by = (from: string) => ({ kind: 'time_exceeded', from, code: 0, rttMs: 1 }) as const;
  const silent = { kind: 'silent' } as const;
  t.same(readHops([by('10.0.0.1'), silent, by('10.0.0.2'), silent], 4), {
    routers: [
      { hop: 1, address: '10.0.0.1' },
      { hop: 3, address: '10.0.0.2' },
    ],
    loopAt: undefined,
    refusal: undefined,
  });
  const refusal = { kind: 'unreachable', from: '10.0.0.9', code: 0, rttMs: 1 } as const;
  t.match(readHops([silent, refusal], 4).refusal, { from: '10.0.0.9', missing: 'network', detail: /network unreachable/ });
  t.equal(readHops([by('10.0.0.1'), by('10.0.0.1'), silent], 4).loopAt, undefined, 'a router may stand twice in a row');
  t.equal(readHops([by('10.0.0.1'), by('10.0.0.2'), by('10.0.0.1'), by('10.0.0.2')], 4).loopAt, '10.0.0.1');
});
