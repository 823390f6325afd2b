import t from 'tap';
import { Alertmanager, tellingAlertmanager } from '../support/alertmanager.js';
import { RunningDaemon, temporaryFolder } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { missingTools } from '../support/lab/requirements.js';
import { closedPort } from '../support/two-backends.js';

const missing = missingTools(['prometheus-alertmanager', 'amtool', 'ss']);
const skip = missing ?? false;
if (missing !== undefined) console.error(`1 end-to-end test with Alertmanager is skipped: ${missing}`);

/** Each look at thousands of alerts costs it, and this process, some work. */
const seldom = { everyMs: 500 };

t.test('real Alertmanager takes thousands of alerts, and forgets them when vitald is gone', { skip }, async (t) => {
  const alerts = await Alertmanager.start(t, temporaryFolder(t), undefined);
  // Loopback has 16 million addresses; nothing listens at this port of theirs.
  const backends = Array.from({ length: 2000 }, (_, nth) => ({
    address: `127.1.${nth >> 8}.${nth & 255}`,
    port: closedPort,
    name: `app-${nth}`,
  }));
  const daemon = await RunningDaemon.start(t, temporaryFolder(t), { config: tellingAlertmanager(alerts.url, backends) });
  await eventually('all of them', async () => (await alerts.alerts()).length === 2000, seldom);
  await daemon.stop();
  await eventually('their end, four seconds later', async () => (await alerts.alerts()).length === 0, seldom);
});
