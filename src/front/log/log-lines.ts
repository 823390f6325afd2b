/**
 * What is said in the log of changes and notices. Lines wait until the answers to whoever waited for the changes are on
 * their way, and are written a few milliseconds' worth at a time: 10,000 backends that die at once are 10,000 lines.
 */
import type { Logger } from 'pino';
import type { Change, NoticeMessage } from '../../messages.js';

/** What is written at once. */
const sliceMs = 5;

type Line = Change | NoticeMessage;

export class LogLines {
  readonly #logger: Logger;
  /** Without redaction, which takes 20 times as long as the line itself: the fields of a change are known, none is a secret. */
  readonly #changeLogger: Logger;
  #waiting: Line[] = [];
  #written = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#changeLogger = logger.child({}, { redact: [] });
  }

  /** One line for each change of state; other changes only at level debug. */
  changes(changes: readonly Change[]): void {
    for (const change of changes) this.#add(change);
  }

  notice(level: NoticeMessage['level'], message: string, fields: NoticeMessage['fields']): void {
    this.#add({ type: 'notice', level, message, fields });
  }

  /** Writes all that still waits. */
  flush(): void {
    if (this.#waiting.length > 0) this.#writeUntil(Infinity);
  }

  #add(line: Line): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#slice());
    this.#waiting.push(line);
  }

  #slice(): void {
    // A flush may have come before.
    if (this.#waiting.length === 0) return;
    this.#writeUntil(performance.now() + sliceMs);
    if (this.#waiting.length > 0) setImmediate(() => this.#slice());
  }

  /** Writes at least one. */
  #writeUntil(deadline: number): void {
    do this.#write(this.#waiting[this.#written++]!);
    while (this.#written < this.#waiting.length && performance.now() < deadline);
    if (this.#written < this.#waiting.length) return;
    this.#waiting = [];
    this.#written = 0;
  }

  #write(line: Line): void {
    if ('type' in line) this.#logger[line.level](line.fields, line.message);
    else if (line.what === 'state') logTransition(this.#changeLogger, line);
    else if (this.#changeLogger.isLevelEnabled('debug')) logOther(this.#changeLogger, line);
  }
}

function logTransition(logger: Logger, change: Change): void {
  const { listener, backend, from, to, reason, detail, runLength, revision } = change;
  const why = reason === undefined ? '' : `: ${reason}${detail ? ` (${detail})` : ''}`;
  const level = to === 'unhealthy' ? 'warn' : 'info';
  logger[level]({ listener, backend, from, to, reason, detail, run_length: runLength, revision }, `${listener}/${backend} is ${to}${why}`);
}

function logOther(logger: Logger, { listener, backend, what, to, routable, because, revision }: Change): void {
  const fields = { listener, backend, what, state: to, routable, routable_because: because, revision };
  logger.debug(fields, `${listener}/${backend}: ${what}`);
}
