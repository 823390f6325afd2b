/** Everything the doctor looks at, in order: later looks read what earlier ones found. */
import type { Look } from '../facts.js';
import { countersLook } from './counters.js';
import { firewallLook } from './firewall.js';
import { hostsLook } from './hosts-files.js';
import { loadLook } from './load.js';
import { localAnswerLook } from './local-answer.js';
import { routesLook } from './routes.js';
import { socketsLook } from './sockets.js';
import { sysctlsLook } from './sysctls.js';

export const looks: readonly Look[] = [
  // First: it may hand the port on to another one.
  firewallLook,
  socketsLook,
  localAnswerLook,
  routesLook,
  hostsLook,
  sysctlsLook,
  loadLook,
  countersLook,
];
