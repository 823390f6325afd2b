/** What is tried with the network between checker and backend, and how it is judged. */
import type { Rule, Stage } from '../step.js';
import { checkerRule } from './rules/checker.js';
import { lossRule } from './rules/loss.js';
import { pingRule } from './rules/ping.js';
import { portRule } from './rules/port.js';
import { rejectedRule } from './rules/rejected.js';
import { silenceRule } from './rules/silence.js';
import { udpRule, udpTrap } from './rules/udp.js';
import { wayRule } from './rules/way.js';
import { datagramsStep } from './steps/datagrams.js';
import { hopsStep } from './steps/hops.js';
import { lossStep } from './steps/loss.js';
import { neighbourStep } from './steps/neighbour.js';
import { otherSourcesStep } from './steps/other-sources.js';
import { pingStep } from './steps/ping.js';
import { portsStep } from './steps/ports.js';
import { routeStep } from './steps/route.js';
import { strayAckStep } from './steps/stray-ack.js';

/** First what the rest depends on. */
export const networkStages: readonly [Stage, Stage] = [
  // The route last: starting a program takes this process some ms, for which answers would have to wait.
  [portsStep, pingStep, datagramsStep, routeStep],
  [neighbourStep, otherSourcesStep, hopsStep, strayAckStep, lossStep],
];

/** Where two are equally sure, the commoner cause stands first. */
export const networkRules: readonly Rule[] = [checkerRule, wayRule, rejectedRule, portRule, pingRule, udpRule, silenceRule, lossRule];

export const networkTraps: readonly Rule[] = [udpTrap];
