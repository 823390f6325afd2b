/** All attacks that need nothing but Node.js, for `npm run fuzz`. Those that need more are tests of their own: scripts/fuzz.mjs. */
import type { Attack } from './attack.js';
import { apiAttacks } from './api.js';
import { balancerAttacks } from './balancers.js';
import { configAttacks } from './config.js';
import { firewallAttacks } from './firewall.js';
import { httpAttacks } from './http.js';
import { netlinkAttacks } from './netlink.js';
import { packetAttacks } from './packets.js';
import { peerAttacks } from './peers.js';
import { stateFileAttacks } from './state-files.js';
import { textAttacks } from './texts.js';

export const attacks: readonly Attack[] = [
  ...httpAttacks,
  ...packetAttacks,
  ...netlinkAttacks,
  ...textAttacks,
  ...firewallAttacks,
  ...configAttacks,
  ...stateFileAttacks,
  ...balancerAttacks,
  ...apiAttacks,
  ...peerAttacks,
];
