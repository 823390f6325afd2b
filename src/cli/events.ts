/** `vitald events`: a line for each change of a running daemon, for ever. Source: docs/api.md "Events". */
import { StringDecoder } from 'node:string_decoder';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { harmless } from '../diagnosis/text-style.js';
import { CodedError } from '../errors.js';
import { Persistence } from './client/again.js';
import type { EventAnswer } from './client/answers.js';
import type { Client } from './client/client.js';
import type { Io } from './io.js';
import { paintState, routableText } from './status-text.js';

export interface EventsFlags {
  readonly listener?: readonly string[];
  readonly since?: string;
  readonly json: boolean;
}

/**
 * What the daemon gave as the id of the last event, sent back as `Last-Event-ID`: `EPOCH:REVISION`, or a revision alone
 * (of daemons that know of no epochs, or from `--since`). Undefined: begin with what comes.
 */
type Position = string | undefined;

/** Three heartbeats: what is silent for so long is dead. */
const silenceMs = 45_000;
/** An event has some hundred bytes; what is longer does not come from vitald. */
const longestEventBytes = 1024 * 1024;

/**
 * Ends only by a signal.
 *
 * @throws CodedError where the daemon refuses, or is not there from the start; usage
 */
export async function eventsCommand(flags: EventsFlags, client: Client, io: Io): Promise<never> {
  const persistence = new Persistence(io);
  let position = positionOf(flags.since);
  io.endWhenClosed?.();
  for (;;) {
    const take = (event: EventSourceMessage): void => {
      position = show(event, position, flags.json, io);
    };
    try {
      await follow(client, { listener: flags.listener, after: position }, take, () => persistence.worked());
      throw new CodedError('daemon_unreachable', `${client.address} ended the stream; was vitald stopped?`);
    } catch (error) {
      await persistence.failed(error);
    }
  }
}

interface Question {
  readonly listener: readonly string[] | undefined;
  /** See {@link Position}. */
  readonly after: Position;
}

async function follow(
  client: Client,
  { listener, after }: Question,
  onEvent: (event: EventSourceMessage) => void,
  onConnected: () => void,
): Promise<void> {
  const parser = createParser({
    onEvent,
    maxBufferSize: longestEventBytes,
    onError: ({ type, message }) => {
      if (type === 'max-buffer-size-exceeded')
        throw new CodedError('daemon_refused', `what comes from ${client.address} is not events: ${message}`);
    },
  });
  const query = listener && { listener };
  const headers = { accept: 'text/event-stream', ...(after !== undefined && { 'last-event-id': after }) };
  const decoder = new StringDecoder('utf8');
  for await (const piece of client.stream('/v1/events', { ...(query && { query }), headers, silenceMs })) {
    onConnected();
    parser.feed(decoder.write(piece));
  }
}

/** Shows an event. @returns the position after it */
function show({ event: type, id, data }: EventSourceMessage, before: Position, json: boolean, io: Io): string {
  const parsed = JSON.parse(data) as EventAnswer & ResetAnswer;
  if (type === 'reset') return showReset(parsed, before, json, io);
  io.out(json ? `${JSON.stringify({ event: type, id, ...parsed })}\n` : eventLine(String(type), parsed, io));
  return id ?? String(parsed.revision);
}

/** A reset of vitald; `epoch` is absent in those of daemons that know of no epochs. */
interface ResetAnswer {
  readonly why?: string;
  readonly epoch?: string;
  readonly revision: number;
}

function showReset(reset: ResetAnswer, before: Position, json: boolean, io: Io): string {
  const after = reset.epoch === undefined ? String(reset.revision) : `${reset.epoch}:${reset.revision}`;
  if (before === undefined) return after;
  // This command keeps no state that it would have to read anew, but its user has to know that something is missing.
  io.err(`vitald: ${missingChanges(reset, before)}\n`);
  if (json) io.out(`${JSON.stringify({ event: 'reset', ...reset })}\n`);
  return after;
}

function missingChanges({ epoch, revision }: ResetAnswer, before: string): string {
  const [known, ofEpoch] = before.split(':').reverse();
  if (epoch !== undefined && ofEpoch !== undefined && epoch !== ofEpoch) {
    return `another vitald process answers now (restart or failover); changes after ${before} may be missing`;
  }
  return `changes between revision ${known} and ${revision} are not known any more`;
}

function eventLine(type: string, event: EventAnswer, io: Io): string {
  const { at, listener, backend } = event;
  return `${harmless(`${at}  ${listener}/${backend}  `)}${whatHappened(type, event, io)}\n`;
}

function whatHappened(type: string, event: EventAnswer, io: Io): string {
  const { from, to, reason, detail, weight, routable, routable_because: because } = event;
  const routing = harmless(routableText({ state: to, routable, routable_because: because }));
  switch (type) {
    case 'state':
      return `${from} → ${paintState(to, to, io)}  ${routing}${reason === null ? '' : harmless(`  ${reason}${detail === '' ? '' : `: ${detail}`}`)}`;
    case 'weight':
      return `weight ${weight}  ${routing}`;
    case 'added':
      return `added  ${to}  ${routing}`;
    case 'removed':
      return 'removed';
    default:
      return `${to}  ${routing}`;
  }
}

function positionOf(since: string | undefined): Position {
  if (since === undefined || /^([A-Za-z0-9_-]{1,64}:)?\d{1,16}$/.test(since)) return since;
  throw new CodedError('usage', '--since must be a revision, or EPOCH:REVISION: from an answer of the API, or the id of an event');
}
