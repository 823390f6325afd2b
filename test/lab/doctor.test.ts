import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { eventually } from '../support/eventually.js';
import { buildForDoctor, isFirst, type DoctorWorld } from '../support/lab/doctor.js';
import { at, nodes } from '../support/lab/routed-network.js';
import { labSuite, type LabTests } from '../support/lab/suite.js';

const checker = '10.77.0.1';
const checker6 = 'fd77::1';
const from = `--from ${checker}`;
const to = `--address ${at.backend}`;

const listening: LabTests<DoctorWorld> = {
  'nothing listens': async (t, { doctor }) => {
    isFirst(t, await doctor.asks('backend', `--port 9 ${from} ${to}`), 'nothing_listens', 'certain', /Nothing listens on TCP port 9\./);
  },
  'a program listens on loopback only': async (t, { doctor }) => {
    isFirst(
      t,
      await doctor.asks('backend', `--port 82 ${from}`),
      'listens_on_loopback_only',
      'certain',
      /\(process \d+\).*127\.0\.0\.1:82/,
    );
  },
  'a program listens for IPv6 only': async (t, { doctor }) => {
    isFirst(t, await doctor.asks('backend', `--port 83 ${from}`), 'nothing_listens', 'certain', /IPv6 only/);
    t.match(await doctor.asks('backend', `--port 83 --from ${checker6}`), { verdict: 'healthy', findings: [] });
  },
  'a program listens in another network namespace': async (t, { doctor }) => {
    isFirst(t, await doctor.asks('backend', `--port 84 ${from}`), 'nothing_listens', 'certain', /in another network namespace/);
  },
  'nothing listens on a UDP port': async (t, { doctor }) => {
    isFirst(t, await doctor.asks('backend', `--port 54 --udp ${from}`), 'nothing_listens', 'certain', /UDP port 54/);
  },
  'the accept queue is full': async (t, { lab, doctor }) => {
    const program = `require('net').createServer().listen({ port: 89, host: '0.0.0.0', backlog: 1 }, () => console.log('listens'))`;
    const server = lab.start('backend', [process.execPath, '-e', program]);
    await server.line(/listens/);
    process.kill(server.pid, 'SIGSTOP');
    const connect = `for (let i = 0; i < 4; i++) require('net').connect(89, '${at.backend}').on('error', () => {})`;
    const client = lab.start('checker', [process.execPath, '-e', connect]);
    await eventually('a full queue', async () => /LISTEN +2 +1 /.test(await lab.run('backend', ['ss', '-Hltn', 'sport = :89'])));
    isFirst(t, await doctor.asks('backend', `--port 89 ${from} ${to}`), 'accept_queue_full', 'certain', /2 wait, the limit is 1/);
    await Promise.all([server.stop('SIGKILL'), client.stop('SIGKILL')]);
  },
};

const ways: LabTests<DoctorWorld> = {
  'ping is ignored': async (t, { lab, doctor }) => {
    await lab.setSysctls('backend', ['net/ipv4/icmp_echo_ignore_all=1']);
    isFirst(t, await doctor.asks('backend', `--port 53 --udp ${from}`), 'icmp_echo_ignored', 'certain');
    await lab.setSysctls('backend', ['net/ipv4/icmp_echo_ignore_all=0']);
  },
  'the source is an address of this machine too': async (t, { lab, doctor }) => {
    await lab.ip('backend', `addr add ${checker}/32 dev lo`);
    isFirst(t, await doctor.asks('backend', `--port 80 ${from} ${to}`), 'source_is_local_on_backend', 'certain', /10\.77\.0\.1 on lo/);
    isFirst(t, await doctor.asks('backend', `--port 80 --from 10.77.0.0/24 ${to}`), 'source_is_local_on_backend', 'likely');
    await lab.ip('backend', `addr del ${checker}/32 dev lo`);
  },
  'the way back goes by another interface, and rp_filter is strict': async (t, { lab, doctor }) => {
    await lab.ip('backend', 'link add other type veth peer name another');
    await lab.ip('backend', 'addr add 10.79.0.2/24 dev other');
    await lab.ip('backend', 'link set other up');
    await lab.ip('backend', 'route add 10.77.0.0/24 dev other');
    t.match(await doctor.asks('backend', `--port 80 ${from} ${to}`), { verdict: 'healthy' }, 'no fault where it is not strict');
    await lab.setSysctls('backend', ['net/ipv4/conf/eth0/rp_filter=1']);
    isFirst(
      t,
      await doctor.asks('backend', `--port 80 ${from} ${to}`),
      'rp_filter_drops',
      'likely',
      /come by eth0, the way back goes by other/,
    );
    await lab.setSysctls('backend', ['net/ipv4/conf/eth0/rp_filter=0']);
    await lab.ip('backend', 'link del other');
  },
  'the source has no route': async (t, { lab, doctor }) => {
    await lab.ip('backend', 'route add unreachable 10.77.0.0/24');
    isFirst(t, await doctor.asks('backend', `--port 80 ${from} ${to}`), 'no_route_back', 'certain', /no route back to 10\.77\.0\.1\./);
    await lab.ip('backend', 'route del unreachable 10.77.0.0/24');
  },
  'the default route is gone': async (t, { lab, doctor }) => {
    await lab.ip('backend', 'route del default');
    isFirst(t, await doctor.asks('backend', `--port 80 ${from}`), 'no_route_back', 'certain', /there is no default route/);
    isFirst(t, await doctor.asks('backend', '--port 80'), 'no_route_back', 'possible');
    t.match(await doctor.asks('backend', '--port 80 --from 10.78.0.9'), { verdict: 'healthy' }, 'nothing wrong for its own network');
    await lab.ip('backend', 'route add default via 10.78.0.254');
  },
};

const hostsDeny = async (t: Test, { doctor }: DoctorWorld): Promise<unknown> => {
  if (!existsSync('/etc/hosts.deny')) return t.comment('skipped: there is no /etc/hosts.deny to mount over');
  const file = join(dirname(doctor.file), 'hosts.deny');
  writeFileSync(file, '# as in the guides\nALL: 10.77.\n');
  // Each command in a node has its own view of mounts.
  const before = ['sh', '-c', `mount --bind ${file} /etc/hosts.deny && exec "$@"`, 'sh'];
  const says = await doctor.asks('backend', `--port 80 ${from}`, before);
  isFirst(t, says, 'hosts_deny', 'possible', /ALL: 10\.77\..*does not use libwrap/);
};

const rest: LabTests<DoctorWorld> = {
  'hosts.deny refuses the source': hostsDeny,
  'everything is fine': async (t, { doctor }) => {
    for (const options of [`--port 80 ${from} ${to}`, `--port 80 --from ${checker6}`, '--port 443', `--port 53 --udp ${from}`]) {
      t.match(await doctor.asks('backend', options), { verdict: 'healthy', findings: [], summary: /Nothing on this machine/ }, options);
    }
  },
  'an ordinary user is told what could not be seen': async (t, { doctor }) => {
    const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
    const says = await doctor.asks('backend', `--port 80 ${from}`, asNobody);
    t.match(says, { verdict: 'unknown', findings: [], summary: /rules of the firewall/ });
    t.match(says.left_out.map(({ why }) => why).join('\n'), /only root/);
    isFirst(t, await doctor.asks('backend', `--port 9 ${from}`, asNobody), 'nothing_listens', 'certain');
  },
};

labSuite<DoctorWorld>({ tools: ['ss'], nodes, build: buildForDoctor, tests: { ...listening, ...ways, ...rest } });
