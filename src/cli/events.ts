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
  let position = sinceOf(flags.since);
  for (;;) {
    const take = (event: EventSourceMessage): void => {
      position = show(event, position, flags.json, io);
    };
    try {
      await follow(client, { listener: flags.listener, since: position }, take, () => persistence.worked());
      throw new CodedError('daemon_unreachable', `${client.address} ended the stream; was vitald stopped?`);
    } catch (error) {
      await persistence.failed(error);
    }
  }
}

interface Question {
  readonly listener: readonly string[] | undefined;
  readonly since: number | undefined;
}

async function follow(
  client: Client,
  { listener, since }: Question,
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
  const query = { ...(listener && { listener }), since };
  const headers = { accept: 'text/event-stream', ...(since !== undefined && { 'last-event-id': String(since) }) };
  const decoder = new StringDecoder('utf8');
  for await (const piece of client.stream('/v1/events', { query, headers, silenceMs })) {
    onConnected();
    parser.feed(decoder.write(piece));
  }
}

/** Shows an event. @returns the revision that is known then */
function show({ event: type, data }: EventSourceMessage, before: number | undefined, json: boolean, io: Io): number {
  const parsed = JSON.parse(data) as EventAnswer & { readonly why?: string };
  if (type === 'reset') {
    // Whoever only looks on need not start over; but is to know that something is missing.
    if (before !== undefined) io.err(`vitald: changes between revision ${before} and ${parsed.revision} are not known any more\n`);
    if (json && before !== undefined) io.out(`${JSON.stringify({ event: type, ...parsed })}\n`);
  } else io.out(json ? `${JSON.stringify({ event: type, ...parsed })}\n` : eventLine(String(type), parsed, io));
  return parsed.revision;
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

function sinceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}\d?$/.test(text)) throw new CodedError('usage', '--since must be a revision: a whole number from an answer of the API');
  return Number(text);
}
