/**
 * What the checker's own network loses is never the backend's fault: real addresses, interfaces, links and routes are
 * taken away from a running daemon, for every kind of check and both IP versions.
 */
import type { Test } from 'tap';
import { survived } from '../support/checker-faults.js';
import { selfSigned } from '../support/certificates.js';
import type { RunningDaemon } from '../support/daemon.js';
import { allEndAs, allPass, everyKind, families, nothingChanged, type EveryKind, type Family } from '../support/lab/every-kind.js';
import { startDaemonIn } from '../support/lab/lab-daemon.js';
import type { Lab } from '../support/lab/lab.js';
import { Nginx } from '../support/lab/nginx.js';
import { at, joinRouted, nodes } from '../support/lab/routed-network.js';
import { labSuite } from '../support/lab/suite.js';

const nginx = new Nginx();
const identity = selfSigned(['app.example']);
const certificate = nginx.file('cert.pem', identity.cert);
const key = nginx.file('key.pem', identity.key);
const servers = `
  server { listen 80; listen [::]:80; return 200; }
  server { listen 443 ssl; listen [::]:443 ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key}; return 200; }
`;

const source = { 4: '100.64.0.10', 6: 'fd64::10' } as const;
/** Behind a cable of its own. */
const side = { 4: '10.79.0.2', 6: 'fd79::2' } as const;
const backend = { 4: at.backend, 6: at.backend6 } as const;
/** A listener for each kind and IP version. */
const listeners = (plan: Partial<EveryKind> = {}): object[] => everyKind({ addresses: backend, ...plan });

const started = async (t: Test, lab: Lab, plan?: Partial<EveryKind>): Promise<RunningDaemon> => {
  const daemon = await startDaemonIn(t, lab, 'checker', { listeners: listeners(plan) });
  await allPass(daemon);
  return daemon;
};

async function addSources(lab: Lab): Promise<void> {
  await lab.ip('checker', `addr add ${source[4]}/32 dev eth0`);
  await lab.ip('checker', `addr add ${source[6]}/128 dev eth0`);
}

async function removeSources(lab: Lab): Promise<void> {
  await lab.ip('checker', `addr del ${source[4]}/32 dev eth0`);
  await lab.ip('checker', `addr del ${source[6]}/128 dev eth0`);
}

async function sideCable(lab: Lab): Promise<void> {
  await lab.link(
    { node: 'checker', interface: 'side0', addresses: ['10.79.0.1/24', 'fd79::1/64'] },
    { node: 'backend', interface: 'side0', addresses: [`${side[4]}/24`, `${side[6]}/64`] },
  );
  for (const family of families) await lab.reaches('checker', side[family]);
}

/** The routes by the router, and what the kernel forgets when a link goes down. */
async function restoreUplink(lab: Lab): Promise<void> {
  await lab.ip('checker', 'addr replace fd77::1/64 dev eth0 nodad');
  await lab.ip('checker', 'route replace 10.0.0.0/8 via 10.77.0.254');
  await lab.ip('checker', 'route replace fd00::/8 via fd77::fe');
}

/** After the router's end was switched off. */
async function carrierBack(lab: Lab): Promise<void> {
  await lab.ip('router', 'link set eth0 up');
  await lab.ip('router', 'addr replace fd77::fe/64 dev eth0 nodad');
  await lab.ip('router', `route replace ${source[6]} via fd77::1`);
  await lab.ip('router', `route replace ${source[4]} via 10.77.0.1`);
}

const bySource = { check: (family: Family) => ({ source: source[family] }) };

labSuite({
  tools: ['nginx'],
  nodes: [...nodes],
  async build(lab) {
    await joinRouted(lab);
    await lab.ip('router', `route add ${source[4]} via 10.77.0.1`);
    await lab.ip('router', `route add ${source[6]} via fd77::1`);
    await sideCable(lab);
    await nginx.start(lab, 'backend', servers);
    const agent = await lab.agent('backend');
    for (const address of [...Object.values(backend), ...Object.values(side)]) {
      await agent.call('serveUdp', { address, port: 53, reply: 'pong' });
      await agent.call('serveUdp', { address, port: 54 });
    }
    return { lab };
  },
  tests: {
    'a source address that another machine takes over: every kind of check says so, and goes on within a second of its return': async (
      t,
      { lab },
    ) => {
      await addSources(lab);
      const daemon = await started(t, lab, { check: (family) => ({ source: source[family] }) });
      for (let i = 0; i < 3; i++) {
        await removeSources(lab);
        await allEndAs(t, daemon, 'checker_source_missing', /address/);
        await addSources(lab);
        await allPass(daemon);
      }
      nothingChanged(t, daemon);
      survived(t, 'source-moved', 3);
      await removeSources(lab);
    },
    'a standby that starts without the source address: it runs, warns, and takes over when the address comes': async (t, { lab }) => {
      const daemon = await startDaemonIn(t, lab, 'checker', { listeners: listeners(bySource) });
      await daemon.statusWhen((backends) =>
        backends.every(({ state, last_probe }) => state === 'initial' && last_probe?.reason === 'checker_source_missing'),
      );
      t.ok(
        daemon.log.some(({ level, msg }) => level === 'warn' && msg.includes(source[4])),
        'the log warns of it',
      );
      await addSources(lab);
      await allPass(daemon);
      await removeSources(lab);
      daemon.signal('SIGHUP');
      await allEndAs(t, daemon, 'checker_source_missing', /address/);
      survived(t, 'standby-start');
    },
    'an interface that is deleted and made anew': async (t, { lab }) => {
      const daemon = await started(t, lab, { addresses: side, check: { interface: 'side0' } });
      for (let i = 0; i < 2; i++) {
        await lab.ip('checker', 'link del side0');
        await allEndAs(t, daemon, 'checker_source_missing', /this machine|address/);
        await sideCable(lab);
        await allPass(daemon);
      }
      nothingChanged(t, daemon);
      survived(t, 'interface-recreated', 2);
    },
    'the link goes down': async (t, { lab }) => {
      const daemon = await started(t, lab);
      await lab.ip('checker', 'link set eth0 down');
      await allEndAs(t, daemon, 'checker_offline', /interface eth0 of this machine is down/);
      await lab.ip('checker', 'link set eth0 up');
      await restoreUplink(lab);
      await lab.reaches('checker', at.backend6);
      await allPass(daemon);
      nothingChanged(t, daemon);
      survived(t, 'link-down');
    },
    'the link has no carrier': async (t, { lab }) => {
      const daemon = await started(t, lab);
      await lab.ip('router', 'link set eth0 down');
      await allEndAs(t, daemon, 'checker_offline', /interface eth0 of this machine is down or has no carrier/);
      await carrierBack(lab);
      await allPass(daemon);
      nothingChanged(t, daemon);
      survived(t, 'no-carrier');
    },
    'the kernel reports late that the carrier is lost': async (t, { lab }) => {
      const daemon = await started(t, lab, { check: { interval: '600ms', timeout: '500ms' } });
      for (let i = 0; i < 2; i++) {
        // It spaces such reports by a second, for all interfaces together.
        await lab.ip('backend', 'link set side0 down');
        await lab.ip('router', 'link set eth0 down');
        await allEndAs(t, daemon, 'checker_offline', /interface eth0 of this machine is down or has no carrier/);
        await carrierBack(lab);
        await lab.ip('backend', 'link set side0 up');
        await lab.ip('backend', `addr replace ${side[6]}/64 dev side0 nodad`);
        await allPass(daemon);
      }
      nothingChanged(t, daemon);
      survived(t, 'no-carrier-late', 2);
    },
    'every route is lost': async (t, { lab }) => {
      const daemon = await started(t, lab);
      await lab.ip('checker', 'route del 10.0.0.0/8');
      await lab.ip('checker', 'route del fd00::/8');
      await allEndAs(t, daemon, 'checker_offline', /this machine has no IPv[46] route to any backend/);
      await restoreUplink(lab);
      await allPass(daemon);
      nothingChanged(t, daemon);
      survived(t, 'routes-lost');
    },
    'the route to one backend is lost, while another is reached: a failure as ever': async (t, { lab }) => {
      const probed = listeners().map((listener) => {
        const { backends } = listener as { backends: { name: string; address: string; port: number }[] };
        const { address, port } = backends[0]!;
        return { ...listener, backends: [...backends, { name: 'beside', address: address === backend[4] ? side[4] : side[6], port }] };
      });
      const daemon = await startDaemonIn(t, lab, 'checker', { listeners: probed });
      await allPass(daemon);
      await lab.ip('checker', 'route del 10.0.0.0/8');
      await lab.ip('checker', 'route del fd00::/8');
      const { backends } = await daemon.statusWhen((backends) =>
        backends.every(({ backend, state, last_probe }) =>
          backend === 'b' ? state === 'unhealthy' && last_probe?.reason === 'net_unreachable' : state === 'healthy',
        ),
      );
      t.equal(backends.length, 2 * probed.length);
      await restoreUplink(lab);
      await allPass(daemon);
    },
    'the only address of this machine is replaced by another one': async (t, { lab }) => {
      const daemon = await started(t, lab);
      await lab.setSysctls('checker', ['net/ipv4/conf/all/promote_secondaries=1', 'net/ipv4/conf/eth0/promote_secondaries=1']);
      for (const [come, go] of [
        ['7', '1'],
        ['1', '7'],
      ] as const) {
        await lab.ip('checker', `addr add 10.77.0.${come}/24 dev eth0`);
        await lab.ip('checker', `addr add fd77::${come}/64 dev eth0 nodad`);
        await lab.ip('checker', `addr del 10.77.0.${go}/24 dev eth0`);
        await lab.ip('checker', `addr del fd77::${go}/64 dev eth0`);
        await lab.ip('checker', 'route replace 10.0.0.0/8 via 10.77.0.254');
        await lab.ip('checker', 'route replace fd00::/8 via fd77::fe');
        await allPass(daemon);
      }
      nothingChanged(t, daemon);
      survived(t, 'address-replaced', 2);
    },
  },
});
