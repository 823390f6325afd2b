/** The options that all outputs have which post to a URL. */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { parseDuration } from '../../config/duration.js';
import type { OutputCheckContext } from '../../config/output-kind.js';
import type { JsonSchema } from '../../config/json-schema.js';
import { checkDuration, durationSchema } from './event-options.js';

export interface HttpOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca_file?: string;
  readonly timeout: string;
}

export const httpOptionsSchema: Readonly<Record<keyof HttpOptions, JsonSchema>> = {
  url: {
    type: 'string',
    minLength: 1,
    maxLength: 4096,
    writeOnly: true,
    description: 'Where to post to. It may contain a user, a password or a token: it is never shown but for scheme, host and port.',
    'x-allowed': 'an http:// or https:// URL',
  },
  headers: {
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 4096 },
    maxProperties: 50,
    default: {},
    description: 'More headers of the request, for example Authorization. Their values are never shown.',
    'x-allowed': 'a mapping of at most 50 header names to texts',
  },
  ca_file: {
    type: 'string',
    minLength: 1,
    description: 'PEM file of the authorities that may have issued the certificate of the other side. It is read for each connection.',
    'x-default': 'those of Node.js',
  },
  timeout: durationSchema('10s', 'Without an answer after this time an attempt has failed.'),
};

export const httpSecrets = ['url', 'headers'] as const satisfies readonly (keyof HttpOptions)[];

/** Set by vitald itself, or by Node.js. */
const ownHeaders = ['connection', 'content-length', 'content-type', 'expect', 'host', 'transfer-encoding', 'upgrade'];

/** No message shows the URL or the value of a header. */
export function checkHttpOptions(options: Readonly<Record<string, unknown>>, context: OutputCheckContext): void {
  if (typeof options.url === 'string') checkUrl(options.url, context);
  if (typeof options.headers === 'object' && options.headers !== null) {
    for (const [name, value] of Object.entries(options.headers)) checkHeader(name, value, context);
  }
  checkDuration('timeout', options.timeout, [100, 60_000], context);
}

function checkUrl(text: string, context: OutputCheckContext): void {
  if (!URL.canParse(text)) {
    context.problem(['url'], 'is not a URL; expected one such as https://hooks.example.com/vitald');
    return;
  }
  const { protocol, hash, username, password } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') context.problem(['url'], 'does not begin with http:// or https://');
  else if (hash !== '') context.problem(['url'], 'has a fragment (#…), which is never sent; leave it out');
  else if (protocol === 'http:' && username + password !== '') context.warning(['url'], 'sends a password unencrypted; use https://');
}

function checkHeader(name: string, value: unknown, context: OutputCheckContext): void {
  const path = ['headers', name];
  if (ownHeaders.includes(name.toLowerCase()) || /^x-vitald-/i.test(name)) {
    context.problem(path, 'is set by vitald itself; remove it');
    return;
  }
  if (typeof value !== 'string') return;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    context.problem(path, 'is not a header: names are of letters, digits and "-", values without line breaks and control characters');
  }
}

/** What {@link HttpPoster} takes of them. */
export function httpSettings({ url, headers, ca_file, timeout }: HttpOptions) {
  return { url, headers, caFile: ca_file, timeoutMs: parseDuration(timeout)! };
}
