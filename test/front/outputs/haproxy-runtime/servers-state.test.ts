import t from 'tap';
import { ServersState, type HaproxyServer } from '#vitald/front/outputs/haproxy-runtime/servers-state.js';

/** As HAProxy 2.6 writes it; those before it lack columns at the end, those after it have more. */
const header =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port';
const row = (op: number, admin: number, checkState = 0): string =>
  `3 web 1 a 127.0.0.1 ${op} ${admin} 7 10 3 1 0 2 0 ${checkState} 0 0 0 - 18311`;

function read(...lines: string[]): (HaproxyServer | undefined)[] {
  const state = new ServersState();
  return lines.map((line) => state.line(line));
}

t.test('a table is read by the names of its columns', async (t) => {
  const [, , server] = read('1', header, row(2, 0));
  t.same(server, {
    backend: 'web',
    server: 'a',
    address: '127.0.0.1',
    health: 'up',
    admin: 'ready',
    weight: 7,
    initialWeight: 10,
    hasOwnCheck: false,
  });
  const [, fewer] = read(
    '# be_id srv_check_state srv_iweight srv_uweight srv_admin_state srv_op_state srv_name be_name',
    '3 6 10 7 0 0 a web',
  );
  t.match(fewer, { backend: 'web', server: 'a', health: 'down', hasOwnCheck: true });
});

t.test('operation and administration are told apart', async (t) => {
  const server = (op: number, admin: number) => read(header, row(op, admin))[1];
  t.match(server(0, 0), { health: 'down', admin: 'ready' });
  t.match(server(1, 0), { health: 'up', admin: 'ready' }, 'slow start');
  t.match(server(3, 0), { health: 'stopping', admin: 'ready' });
  t.match(server(2, 8), { health: 'up', admin: 'drain' });
  t.match(server(0, 1), { admin: 'maint' });
  t.match(server(0, 5), { admin: 'maint' }, 'disabled in haproxy.cfg');
  t.match(server(2, 4), { health: 'up', admin: 'ready' }, 'disabled in haproxy.cfg, and made ready since');
  t.match(server(0, 2), { admin: 'held' }, 'the tracked server is in maintenance');
  t.match(server(0, 32), { admin: 'held' }, 'its name does not resolve');
});

t.test('a check of HAProxy is seen, an agent is not one', async (t) => {
  t.equal(read(header, `${row(2, 0)}`)[1]?.hasOwnCheck, false);
  t.equal(read(header, '3 web 1 a 127.0.0.1 2 0 1 1 3 1 0 2 6 0 0 0 - 1')[1]?.hasOwnCheck, true);
  t.equal(read(header, '3 web 1 a 127.0.0.1 2 0 1 1 3 1 0 2 0 22 0 0 - 1')[1]?.hasOwnCheck, false);
});

t.test('what is not HAProxy is refused', async (t) => {
  t.same(read('HTTP/1.1 400 Bad Request', 'Content-Length: 0', ''), [undefined, undefined, undefined]);
  t.throws(() => read('# be_id be_name'), /does not report srv_name/);
  t.throws(() => read(header, 'rubbish'), /not one of HAProxy/);
  t.throws(() => read(header, '3 web 1 a 127.0.0.1 NaN 0 1 1 3 1 0 2 0 22 0 0 - 1'), /not one of HAProxy/);
});

t.test('a table ends with an empty line', async (t) => {
  const state = new ServersState();
  for (const line of ['Name: HAProxy', '', '1', header, row(2, 0)]) state.line(line);
  t.equal(state.isComplete, false);
  state.line('');
  t.equal(state.isComplete, true);
});
