/** A router that sends floods of forged answers: no backend is judged by what it did not say. */
import type { Test } from 'tap';
import { chooseSourcePorts } from '#vitald/probes/raw/source-ports.js';
import { fuzzRuns, fuzzSeed } from '../support/fuzz/seed.js';
import { startDaemonIn } from '../support/lab/lab-daemon.js';
import type { Lab } from '../support/lab/lab.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

const openPort = 80;
const silentPort = 81;
const seed = fuzzSeed();
/** Each is a second for each family. */
const rounds = fuzzRuns(2);
/** A flood may overflow a queue. */
const leastArrived = 0.5;
const stranger = { 4: '10.78.0.77', 6: 'fd78::77' } as const;
const checker = { 4: '10.77.0.1', 6: 'fd77::1' } as const;
const backend = { 4: at.backend, 6: at.backend6 } as const;

/** One port answers; another one, UDP and the pings of another host are met with silence. */
const silence = `table inet lab {
  chain input { type filter hook input priority 0;
    tcp dport ${silentPort} drop
    icmp type echo-request ip daddr ${at.backend} drop
    icmpv6 type echo-request ip6 daddr ${at.backend6} drop
  }
}`;

const timing = { interval: '500ms', timeout: '400ms', healthy_threshold: 1, unhealthy_threshold: 1 };

function listener(name: string, protocol: string, port: number, check: object): object {
  const backends = ([4, 6] as const).map((family) => ({ name: `v${family}`, address: backend[family], port }));
  return { name, protocol, check: { ...timing, ...check }, backends };
}

/** What arrives of the floods: proof that nothing on the way, and no rule of the kernel, has dropped them. */
const counting = `table inet lab {
  counter forged {}
  chain input { type filter hook input priority 0; meta l4proto { tcp, icmp, icmpv6 } counter name forged; }
}`;

const config = {
  listeners: [
    listener('open-syn', 'tcp', openPort, { tcp: { method: 'syn' } }),
    listener('open-connect', 'tcp', openPort, { tcp: { method: 'connect' } }),
    listener('silent-syn', 'tcp', silentPort, { tcp: { method: 'syn' } }),
    listener('silent-ping', 'tcp', openPort, { type: 'ping' }),
  ],
};

async function portsOf(lab: Lab): Promise<{ first: number; last: number }> {
  return chooseSourcePorts(await lab.run('checker', ['cat', '/proc/sys/net/ipv4/ip_local_port_range'])).range;
}

/** For the same attack in each round, with other numbers. */
async function attack(t: Test, lab: Lab, checkPort: number, round: number): Promise<number> {
  const router = await lab.agent('router');
  const ports = await portsOf(lab);
  let sent = 0;
  for (const family of [4, 6] as const) {
    const names = { seed: seed + round, forMs: 1000, checkPort, ports, checker: checker[family], backend: backend[family] };
    const { packets } = await router.call('impersonate', { ...names, stranger: stranger[family] });
    if (packets < 1000) t.fail(`only ${packets} packets left for family ${family}`);
    sent += packets;
  }
  return sent;
}

labSuite({
  nodes,
  async build(lab) {
    await joinRouted(lab);
    await lab.firewall('backend', silence);
    await lab.firewall('checker', counting);
    await (await lab.agent('backend')).call('serveTcp', { address: '::', port: openPort });
    return { lab };
  },
  tests: {
    'floods of forged SYN-ACKs, resets, ICMP errors and echo replies change no verdict, and end no probe': async (t, { lab }) => {
      const daemon = await startDaemonIn(t, lab, 'checker', config);
      await daemon.statusWhen((backends) => backends.every(({ state }) => state === 'healthy' || state === 'unhealthy'));
      const before = await daemon.status();
      let packets = 0;
      for (let round = 0; round < rounds; round++) packets += await attack(t, lab, round % 2 === 0 ? openPort : silentPort, round);
      const arrived = await lab.packetsCounted('checker', 'forged');
      t.ok(arrived >= packets * leastArrived, `seed ${seed}: ${arrived} packets arrived, ${packets} were forged`);
      for (const { listener, backend, revision } of before.backends) {
        const { state, last_probe: last, transitions, recent_probes: recent } = await daemon.backend(listener, backend);
        const isOpen = listener.startsWith('open');
        const name = `${listener}/${backend}`;
        t.equal(state, isOpen ? 'healthy' : 'unhealthy', name);
        t.equal(transitions.length, 1, `${name} kept its verdict: ${JSON.stringify(transitions)}`);
        const wanted = isOpen ? 'ok' : listener === 'silent-syn' ? 'connect_timeout' : 'ping_timeout';
        const others = recent.filter(({ reason }) => reason !== wanted && !reason.startsWith('checker_'));
        t.same(others, [], `${name}: every probe ended as it would have without the flood`);
        t.ok(last !== null && revision > 0, name);
      }
      t.match(await daemon.stop(), { exitCode: 0 });
    },
  },
});
