/** `vitald status --watch`: on a terminal the table in place; elsewhere a line for each change. Never ends by itself. */
import type { BackendAnswer, StatusAnswer } from './client/answers.js';
import { Persistence } from './client/again.js';
import type { Client } from './client/client.js';
import type { Io } from './io.js';
import { askStatus, isWanted, mustHave, type Wanted } from './status-query.js';
import { sortedForPeople, statusLine, statusTable, summaryLine } from './status-text.js';

/** So often the table is made anew where nothing changes: ages and last probes move. */
const refresh = '2s';
/** Of more backends only changes are asked for: a full answer every two seconds would be a load. */
const mostToRefresh = 2000;
const longWait = '20s';
const idlePauseMs = 200;
const clearScreen = '\u001b[H\u001b[2J';
const defaultRows = 24;

/** @throws CodedError where the daemon refuses, or is not there from the start */
export async function watchStatus(wanted: Wanted, json: boolean, client: Client, io: Io): Promise<never> {
  const persistence = new Persistence(io);
  io.endWhenClosed?.();
  const show = json ? jsonLines(wanted, io) : io.columns === undefined ? lines(wanted, io) : screen(wanted, io);
  let known: Pick<StatusAnswer, 'revision' | 'epoch'> | undefined;
  let first = true;
  for (;;) {
    try {
      const small = show.known <= mostToRefresh && show.refreshes;
      // One that is there again is to say so at once.
      const wait = persistence.failing ? '0s' : small ? refresh : longWait;
      const answer = await askStatus(client, wanted, known === undefined ? {} : { since: known.revision, epoch: known.epoch, wait });
      if (first && wanted.backend !== undefined) mustHave(answer, wanted.listener!, wanted.backend);
      show.take(small && known !== undefined ? await askStatus(client, wanted) : answer);
      known = answer;
      first = false;
      persistence.worked();
      // A daemon that stops, or a proxy that holds nothing, answers at once.
      if (!answer.complete && answer.backends.length + answer.removed.length === 0)
        await new Promise((resolve) => setTimeout(resolve, idlePauseMs));
    } catch (error) {
      await persistence.failed(error);
    }
  }
}

interface Display {
  /** Backends that it knows. */
  readonly known: number;
  /** True where it shows what moves without a change, too. */
  readonly refreshes: boolean;
  take(answer: StatusAnswer): void;
}

/** Each answer as it is, a line of JSON: a picture first, then what changes. */
function jsonLines(wanted: Wanted, io: Io): Display {
  return {
    known: 0,
    refreshes: false,
    take: (answer) => {
      const backends = answer.backends.filter((backend) => isWanted(backend, wanted));
      const removed = answer.removed.filter(({ backend }) => wanted.backend === undefined || wanted.backend === backend);
      if (answer.complete || backends.length + removed.length > 0) io.out(`${JSON.stringify({ ...answer, backends, removed })}\n`);
    },
  };
}

function lines(wanted: Wanted, io: Io): Display {
  return {
    known: 0,
    refreshes: false,
    take: ({ backends, removed }) => {
      for (const backend of backends) if (isWanted(backend, wanted)) io.out(statusLine(backend, io));
      for (const { listener, backend } of removed) {
        if (wanted.backend === undefined || wanted.backend === backend)
          io.out(`${new Date().toISOString()}  ${listener}/${backend}  removed\n`);
      }
    },
  };
}

/** The picture, drawn anew with each answer; as much of it as the screen has lines for. */
function screen(wanted: Wanted, io: Io): Display {
  const picture = new Map<string, BackendAnswer>();
  const keyOf = (listener: string, backend: string): string => JSON.stringify([listener, backend]);
  return {
    get known() {
      return picture.size;
    },
    refreshes: true,
    take: ({ checker, complete, backends, removed }) => {
      if (complete) picture.clear();
      for (const { listener, backend } of removed) picture.delete(keyOf(listener, backend));
      for (const one of backends) picture.set(keyOf(one.listener, one.backend), one);
      const shown = [...picture.values()].filter((backend) => isWanted(backend, wanted));
      // Heading, summary, the empty line between them, the one below, and where the cursor stays.
      const room = Math.max(1, (io.rows ?? defaultRows) - 5);
      const table = statusTable(sortedForPeople(shown).slice(0, room), io, Date.now());
      const hidden = shown.length - room;
      const more = hidden > 0 ? `… and ${hidden} more; a larger window shows more, --state fewer\n` : '\n';
      io.out(`${clearScreen}${summaryLine(shown, checker)}\n${table}${more}`);
    },
  };
}
