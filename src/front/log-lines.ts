/** What is said in the log of changes and notices. */
import type { Logger } from 'pino';
import type { Change, NoticeMessage } from '../status/messages.js';

/** One line for each change of state; other changes only at level debug. */
export function logChanges(logger: Logger, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.what === 'state') logTransition(logger, change);
    else logger.debug(changeFields(change), `${change.listener}/${change.backend}: ${change.what}`);
  }
}

function logTransition(logger: Logger, change: Change): void {
  const { listener, backend, from, to, reason, detail, runLength, revision } = change;
  const why = reason === undefined ? '' : `: ${reason}${detail ? ` (${detail})` : ''}`;
  const level = to === 'unhealthy' ? 'warn' : 'info';
  logger[level]({ listener, backend, from, to, reason, detail, run_length: runLength, revision }, `${listener}/${backend} is ${to}${why}`);
}

function changeFields({ listener, backend, what, to, routable, because, revision }: Change): Record<string, unknown> {
  return { listener, backend, what, state: to, routable, routable_because: because, revision };
}

export function logNotice(logger: Logger, { level, message, fields }: NoticeMessage): void {
  logger[level](fields, message);
}
