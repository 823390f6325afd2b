/**
 * The network of most lab tests:
 *
 *   checker ──10.77.0.0/24── router ──10.78.0.0/24── backend
 *      .1     fd77::/64      .254     fd78::/64        .2
 *
 * The checker knows routes to 10.0.0.0/8 and fd00::/8 only, by the router; the router knows only its two networks.
 */
import type { Lab } from './lab.js';

export const nodes = ['checker', 'router', 'backend'] as const;

export const at = {
  backend: '10.78.0.2',
  backend6: 'fd78::2',
  /** In the checker's own network; nobody has it. */
  deadNeighbour: '10.77.0.99',
  /** In the backend's network; nobody has it. */
  deadBehindRouter: '10.78.0.99',
  /** The checker sends it to the router, which has no route. */
  unroutedAtRouter: '10.99.0.1',
  unroutedAtRouter6: 'fd99::1',
  /** The checker itself has no route. */
  unrouted: '192.168.99.1',
} as const;

export async function joinRouted(lab: Lab): Promise<void> {
  await lab.link(
    { node: 'checker', interface: 'eth0', addresses: ['10.77.0.1/24', 'fd77::1/64'] },
    { node: 'router', interface: 'eth0', addresses: ['10.77.0.254/24', 'fd77::fe/64'] },
  );
  await lab.link(
    { node: 'router', interface: 'eth1', addresses: ['10.78.0.254/24', 'fd78::fe/64'] },
    { node: 'backend', interface: 'eth0', addresses: ['10.78.0.2/24', 'fd78::2/64'] },
  );
  await lab.forward('router');
  await lab.ip('checker', 'route add 10.0.0.0/8 via 10.77.0.254');
  await lab.ip('checker', 'route add fd00::/8 via fd77::fe');
  await lab.ip('backend', 'route add default via 10.78.0.254');
  await lab.ip('backend', 'route add default via fd78::fe');
  for (const address of [at.backend, at.backend6]) await lab.reaches('checker', address);
}
