/** Posts events to a URL. */
import { readBounded } from '../../../files/bounded-read.js';
import { readProblem } from '../../../files/regular-file.js';
import { checkEventOptions, eventOptionsSchema, eventSettings, type EventOptions } from '../event-options.js';
import { BatchRefused, EventOutput } from '../event-output.js';
import { checkHttpOptions, httpOptionsSchema, httpSecrets, httpSettings, type HttpOptions } from '../http-options.js';
import { HttpPoster, RequestRefused } from '../http-poster.js';
import type { OutputContext, OutputKind } from '../output.js';
import { sign, signatureHeader } from './signature.js';

interface WebhookOptions extends HttpOptions, EventOptions {
  readonly secret?: string;
  readonly secret_file?: string;
}

/** Of HMAC-SHA256 a shorter key is the weakest part (RFC 2104 section 3 wants 32 bytes; this many are let through). */
const shortestSecret = 16;
/** A secret_file that is larger is refused. */
const mostSecretBytes = 64 * 1024;

export const webhook: OutputKind = {
  name: 'webhook',
  summary: 'Posts events as JSON to a URL, signed.',
  optionsSchema: {
    ...httpOptionsSchema,
    secret: {
      type: 'string',
      minLength: shortestSecret,
      maxLength: 1024,
      writeOnly: true,
      description: 'Requests are signed with it. Write ${NAME}, and put the secret into the environment.',
      'x-allowed': `a text of at least ${shortestSecret} characters`,
      'x-default': 'requests are not signed',
    },
    secret_file: {
      type: 'string',
      minLength: 1,
      description: 'File with the secret, instead of secret. It is read for each request, so that it can be replaced.',
    },
    ...eventOptionsSchema,
  },
  required: ['url'],
  secrets: [...httpSecrets, 'secret'],
  check(options, context) {
    checkHttpOptions(options, context);
    checkEventOptions(options, context);
    if (options.secret !== undefined && options.secret_file !== undefined)
      context.problem(['secret_file'], 'stands beside secret; only one of them can hold the secret');
  },
  create: (context) => createWebhook(context, context.options as unknown as WebhookOptions),
};

function createWebhook(context: OutputContext, options: WebhookOptions): EventOutput {
  const settings = httpSettings(options);
  const poster = new HttpPoster({ ...settings, version: context.version });
  return new EventOutput({
    context,
    ...eventSettings(options),
    limitMs: settings.timeoutMs,
    deliver: async ({ id, body }, signal) => {
      const secret = await secretOf(options);
      const signature = secret === undefined ? {} : { [signatureHeader]: sign(body, secret, Date.now()) };
      try {
        await poster.post(body, { 'X-Vitald-Delivery': id, ...signature }, signal);
      } catch (error) {
        throw error instanceof RequestRefused ? new BatchRefused(error.message) : error;
      }
    },
    close: () => poster.close(),
  });
}

async function secretOf({ secret, secret_file }: WebhookOptions): Promise<string | undefined> {
  if (secret_file === undefined) return secret;
  let text: string;
  try {
    text = (await readBounded(secret_file, { mostBytes: mostSecretBytes })).toString('utf8').trim();
  } catch (error) {
    throw new Error(`the secret_file ${secret_file} cannot be read (${readProblem(error)})`, { cause: error });
  }
  if (text.length < shortestSecret) throw new Error(`the secret_file ${secret_file} holds fewer than ${shortestSecret} characters`);
  return text;
}
