/** All rules of the doctor. Of equally certain findings, the one of the earlier rule comes first. */
import { firewallRule, pingRule } from './firewall.js';
import { listeningRule } from './listening.js';
import { conntrackRule, reversePathRule, routeRule, sourceIsLocalRule, twRecycleRule } from './network.js';
import type { DoctorRule } from './rule.js';
import { acceptQueueRule, hostsDenyRule, icmpErrorsRule, overloadRule } from './service.js';

export const doctorRules: readonly DoctorRule[] = [
  listeningRule,
  firewallRule,
  sourceIsLocalRule,
  routeRule,
  reversePathRule,
  acceptQueueRule,
  conntrackRule,
  hostsDenyRule,
  twRecycleRule,
  overloadRule,
  pingRule,
  icmpErrorsRule,
];
