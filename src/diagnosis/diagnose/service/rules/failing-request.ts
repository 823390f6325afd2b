/**
 * Why the check's own request failed. The first explanation that fits is the one that is told, with what else it may
 * be: the order is from what explains everything after it to what is only the status itself.
 */
import { accepted, inTime } from '../judge.js';
import type { Rule } from '../../step.js';
import { closesWithoutAnswer, malformedAnswer } from './ending.js';
import type { Case, Explain } from './explain.js';
import { redirected } from './redirected.js';
import {
  applicationError,
  badRequest,
  hostNeeded,
  loginNeeded,
  methodUnsupported,
  otherStatus,
  pageMissing,
  versionRefused,
} from './request.js';
import { acceptsButSilent, answersLate, sometimesLate, wrongAndLate } from './timing.js';
import { certificateRefused, handshakeFailed, plainCheckOnTlsPort, tlsCheckOnPlainPort } from './transport.js';

const explanations: readonly Explain[] = [
  // Another protocol than the check speaks.
  plainCheckOnTlsPort,
  tlsCheckOnPlainPort,
  certificateRefused,
  handshakeFailed,
  answersLate,
  // One change, and the check passes.
  methodUnsupported,
  hostNeeded,
  versionRefused,
  // No answer, whatever was asked.
  malformedAnswer,
  acceptsButSilent,
  closesWithoutAnswer,
  // An answer that is not the expected one.
  redirected,
  pageMissing,
  badRequest,
  loginNeeded,
  applicationError,
  otherStatus,
];

export const failingRequest: Rule = (subject, facts) => {
  const own = facts.service.asChecked;
  if (own === undefined || own.end === 'connect_failed') return [];
  const failing: Case = { subject, facts, service: facts.service, own };
  if (accepted(subject, own) && inTime(subject, own)) return sometimesLate(failing);
  for (const explain of explanations) {
    const conclusions = explain(failing);
    if (conclusions.length > 0) return [...conclusions, ...wrongAndLate(failing)];
  }
  return [];
};
