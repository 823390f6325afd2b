/** Asks a running daemon over its API: for the commands that look at one, or change what it does. */
import { request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CodedError } from '../../errors.js';
import { version } from '../../version.js';
import { connectionError } from './connection-error.js';
import { refusal } from './refusal.js';
import { clientSettings, type ClientFlags, type ClientSettings, type Environment } from './settings.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface RequestOptions {
  /** A list becomes a parameter that is given several times; undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For so long nothing may come; default 30 s. */
  readonly silenceMs?: number;
  readonly signal?: AbortSignal;
}

export interface ApiAnswer {
  /** Below 400. */
  readonly status: number;
  /** JSON data; undefined where the answer had no body. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Both calls throw an {@link ApiRefusal} for a status of 400 or more, and a CodedError `daemon_unreachable` where there
 * is no answer; messages are for people and say what to do.
 */
export interface Client {
  /** As it is shown to people. */
  readonly address: string;
  request(method: Method, path: string, options?: RequestOptions): Promise<ApiAnswer>;
  /** The body of an answer as it comes; ends where the daemon ends it. */
  stream(path: string, options?: Omit<RequestOptions, 'body'>): AsyncIterable<Buffer>;
}

const defaultSilenceMs = 30_000;
/** A full status of 100,000 backends has 40 MB. */
const longestAnswerBytes = 256 * 1024 * 1024;

/** @throws CodedError usage */
export function createClient(flags: ClientFlags, env: Environment): Client {
  const settings = clientSettings(flags, env);
  const { address } = settings;
  return {
    address: address.text,
    request: async (method, path, options = {}) => {
      try {
        const response = await sent(settings, method, path, options);
        const text = await textOf(response);
        const status = response.statusCode!;
        if (status >= 400) throw refusal(address, status, text);
        return { status, body: text === '' ? undefined : jsonOf(text), headers: response.headers };
      } catch (error) {
        throw connectionError(error, address);
      }
    },
    stream: async function* (path, options = {}) {
      try {
        const response = await sent(settings, 'GET', path, options);
        const status = response.statusCode!;
        if (status >= 400) throw refusal(address, status, await textOf(response));
        yield* response as AsyncIterable<Buffer>;
      } catch (error) {
        throw connectionError(error, address);
      }
    },
  };
}

/** Resolves with the answer's head. Rejects as node:http does. */
function sent(settings: ClientSettings, method: Method, path: string, options: RequestOptions): Promise<IncomingMessage> {
  const { address, tls } = settings;
  const { silenceMs = defaultSilenceMs, signal } = options;
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const common = {
    method,
    path: `${address.prefix}${path}${queryOf(options.query)}`,
    headers: headersOf(settings, body, options.headers),
    // One connection for each request: none that the daemon has just closed is taken for the next.
    agent: false,
    timeout: silenceMs,
    ...(signal && { signal }),
    ...(address.socketPath === undefined ? { host: address.host, port: address.port } : { socketPath: address.socketPath }),
  } as const;
  return new Promise((resolve, reject) => {
    const request: ClientRequest = address.secure ? httpsRequest({ ...common, ...tls }) : httpRequest(common);
    let response: IncomingMessage | undefined;
    request.on('response', (head) => resolve((response = head)));
    request.on('error', reject);
    request.on('timeout', () => {
      const error = new CodedError('daemon_unreachable', `nothing came from ${address.text} for ${silenceMs / 1000} s`);
      (response ?? request).destroy(error);
    });
    request.end(body);
  });
}

function headersOf({ token }: ClientSettings, body: string | undefined, more: RequestOptions['headers']): OutgoingHttpHeaders {
  return {
    accept: 'application/json',
    'user-agent': `vitald/${version}`,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    ...more,
  };
}

function queryOf(query: RequestOptions['query'] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) {
      if (one !== undefined) parameters.append(name, String(one));
    }
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > longestAnswerBytes) throw new CodedError('daemon_refused', `the answer has more than ${longestAnswerBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CodedError('daemon_refused', 'the answer is not JSON; is this the API of vitald, and not another server?');
  }
}
