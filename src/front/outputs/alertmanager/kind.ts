/** Tells Alertmanager which backends are unhealthy. */
import { parseDuration } from '../../../config/duration.js';
import type { OutputCheckContext } from '../../../config/output-kind.js';
import { checkDuration, durationSchema } from '../event-options.js';
import { checkHttpOptions, httpOptionsSchema, httpSecrets, httpSettings, type HttpOptions } from '../http-options.js';
import { HttpPoster } from '../http-poster.js';
import type { OutputContext, OutputKind } from '../output.js';
import { AlertmanagerOutput } from './alertmanager-output.js';
import { ownLabels } from './alerts.js';

interface AlertmanagerOptions extends HttpOptions {
  readonly repeat_interval: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly external_url?: string;
}

/** @see https://prometheus.io/docs/concepts/data_model/ */
const labelName = /^[A-Za-z_][A-Za-z0-9_]*$/;

export const alertmanager: OutputKind = {
  name: 'alertmanager',
  summary: 'An alert in Prometheus’ Alertmanager for each unhealthy backend.',
  optionsSchema: {
    ...httpOptionsSchema,
    url: {
      ...httpOptionsSchema.url,
      description:
        'Address of Alertmanager, without /api/v2/alerts. It may contain a user and a password: it is never shown but for scheme, host and port.',
      'x-allowed': 'an http:// or https:// URL, for example http://127.0.0.1:9093',
    },
    repeat_interval: durationSchema('1m', 'How often alerts that go on are repeated. One that was not repeated four times ends by itself.'),
    labels: {
      type: 'object',
      additionalProperties: { type: 'string', minLength: 1, maxLength: 1024 },
      maxProperties: 50,
      default: {},
      'x-allowed': 'a mapping of label names to texts',
      'x-default': 'severity: warning',
      description: 'More labels of the alerts, for example severity or team.',
    },
    external_url: {
      type: 'string',
      minLength: 1,
      maxLength: 4096,
      description: 'Where people reach the API of this vitald: alerts link to their backends there.',
      'x-allowed': 'an http:// or https:// URL',
      'x-default': 'alerts have no link',
    },
  },
  required: ['url'],
  secrets: [...httpSecrets],
  check(options, context) {
    checkHttpOptions(options, context);
    checkDuration('repeat_interval', options.repeat_interval, [1000, 3_600_000], context);
    checkLabels(options.labels, context);
    checkExternalUrl(options.external_url, context);
    if (typeof options.url === 'string' && URL.canParse(options.url) && /\/api\/v\d/.test(new URL(options.url).pathname))
      context.problem(['url'], 'has the path of the API, which vitald appends by itself; leave out /api/v2/alerts');
  },
  create: (context) => createAlertmanager(context, context.options as unknown as AlertmanagerOptions),
};

function checkLabels(labels: unknown, context: OutputCheckContext): void {
  for (const name of Object.keys(labels ?? {})) {
    if (ownLabels.includes(name)) context.problem(['labels', name], 'is set by vitald itself; choose another name');
    else if (!labelName.test(name)) context.problem(['labels', name], 'is not the name of a label; expected letters, digits and "_"');
  }
}

function checkExternalUrl(url: unknown, context: OutputCheckContext): void {
  if (typeof url === 'string' && !/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    context.problem(['external_url'], 'is not an http:// or https:// URL');
}

function createAlertmanager(context: OutputContext, options: AlertmanagerOptions): AlertmanagerOutput {
  const http = httpSettings(options);
  return new AlertmanagerOutput({
    context,
    poster: new HttpPoster({ ...http, url: alertsUrl(options.url), version: context.version }),
    settings: { labels: options.labels, externalUrl: options.external_url },
    repeatMs: parseDuration(options.repeat_interval)!,
  });
}

/** Alertmanager may be served below a path (`--web.route-prefix`). */
function alertsUrl(base: string): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`;
  return url.href;
}
