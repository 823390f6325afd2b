import t from 'tap';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { listener, openAndClosed, server } from '../support/two-backends.js';

interface Diagnosis {
  readonly running: boolean;
  readonly failure: string | null;
  readonly result: { readonly verdict: string; readonly findings: readonly { readonly code: string }[] } | null;
}

t.test('the daemon diagnoses a backend for whoever asks its API', async (t) => {
  const both = await openAndClosed(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [listener('web', both)] } });
  const ask = async (backend: string): Promise<Diagnosis> => {
    const answer = await fetch(`${daemon.url}/v1/listeners/web/backends/${backend}/diagnosis?wait=30s`, { method: 'POST' });
    t.equal(answer.status, 200);
    return (await answer.json()) as Diagnosis;
  };
  const [up, down] = await Promise.all([ask('up'), ask('down')]);
  t.match(up, { running: false, failure: null, result: { verdict: 'healthy' } });
  t.match(down, { running: false, failure: null, result: { verdict: 'unhealthy', findings: [{ code: 'port_closed' }] } });
  t.same(await daemon.get('/v1/listeners/web/backends/down/diagnosis'), down, 'the result is kept');
  await daemon.logged(({ msg }) => msg === 'web/down was diagnosed');
});

t.test('a daemon that stops does not wait for a diagnosis', async (t) => {
  const both = await openAndClosed(t);
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: { server, listeners: [listener('web', both)] } });
  await fetch(`${daemon.url}/v1/listeners/web/backends/down/diagnosis`, { method: 'POST' });
  t.equal((await daemon.stop()).exitCode, 0);
});
