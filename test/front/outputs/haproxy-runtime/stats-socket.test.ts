import { getEventListeners, once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { exchange } from '#vitald/front/outputs/haproxy-runtime/stats-socket.js';
import { temporaryFolder } from '../../../support/daemon.js';

t.test('many exchanges leave nothing on the signal that ends them all', async (t) => {
  const path = join(temporaryFolder(t), 'admin.sock');
  const server = createServer((socket) => void socket.once('data', () => socket.end('done\n'))).listen(path);
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { signal } = new AbortController();
  const lines: string[] = [];
  for (let n = 0; n < 20; n++) await exchange({ path }, 'show', (line) => void lines.push(line), signal);
  t.equal(lines.length, 20);
  t.equal(getEventListeners(signal, 'abort').length, 0);
});
