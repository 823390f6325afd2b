import t from 'tap';
import { Alertmanager, tellingAlertmanager, type Notification } from '../support/alertmanager.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { HookReceiver } from '../support/hook-receiver.js';
import { missingTools } from '../support/lab/requirements.js';
import { tcpServer } from '../support/loopback.js';
import { ownAddress } from '../support/own-address.js';

const missing = missingTools(['prometheus-alertmanager', 'amtool', 'ss']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`1 end-to-end test with Alertmanager is skipped: ${missing}`);

/** All that Alertmanager told the receiver so far, newest last: `firing down`. */
function told(receiver: HookReceiver): string[] {
  const notifications = receiver.deliveries.map(({ text }) => JSON.parse(text) as Notification);
  return notifications.flatMap(({ alerts }) => alerts.map(({ status, labels }) => `${status} ${labels.backend}`));
}

t.test('real Alertmanager notifies of a backend that dies and comes back, also over a restart of its own', { skip }, async (t) => {
  const receiver = await HookReceiver.start(t);
  const alerts = await Alertmanager.start(t, temporaryFolder(t), receiver.url);
  const app = await tcpServer(ownAddress);
  t.teardown(() => app.close());
  const backends = [{ address: ownAddress, port: app.port, name: 'app' }];
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: tellingAlertmanager(alerts.url, backends) });
  await daemon.backendWhen('web', 'app', ({ state }) => state === 'healthy');
  t.same(await alerts.alerts(), []);

  await app.close();
  await eventually('the notification', () => told(receiver).includes('firing app'));
  const [alert] = await alerts.alerts();
  t.match(alert, {
    labels: { alertname: 'VitaldBackendUnhealthy', checker: 'lb-1', listener: 'web', backend: 'app', severity: 'warning', team: 'web' },
    annotations: { summary: 'Backend app of listener web is unhealthy', reason: 'connect_refused' },
    generatorURL: 'http://vitald.example.com/v1/listeners/web/backends/app',
  });
  const { since } = await daemon.backend('web', 'app');
  t.equal(Date.parse(alert!.startsAt), Date.parse(since));
  t.match(await alerts.amtool('alert', 'query', 'backend=app'), /VitaldBackendUnhealthy .*Backend app of listener web is unhealthy/);

  await alerts.kill();
  await daemon.logged(({ msg }) => msg.startsWith('alerts are not taken'));
  const again = await alerts.startAgain(t, receiver.url);
  await eventually('the alert to be there again', async () => (await again.alerts()).length === 1);
  // It has forgotten whom it told, too: only what it tells again can it resolve.
  await eventually('a second notification', () => told(receiver).filter((line) => line === 'firing app').length >= 2);

  const back = await tcpServer(ownAddress, undefined, app.port);
  t.teardown(() => back.close());
  await eventually('the notification of its end', () => told(receiver).includes('resolved app'));
  t.same(await again.alerts(), []);
});
