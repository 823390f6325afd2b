/**
 * The options of an http or https check, as they stand in the configuration (docs/configuration.md).
 * Defaults that differ between profiles (method, path, expected_status) come from the profile.
 */
import type { StatusExpression } from '../../health/expected-status.js';
import { allowedStatusForms } from '../../health/expected-status.js';

export const methods = ['HEAD', 'GET', 'OPTIONS'] as const;
export type Method = (typeof methods)[number];

export interface HttpOptions {
  readonly method: Method;
  readonly path: string;
  /** The Host header; undefined: the backend's address and port. */
  readonly host?: string;
  readonly http_version: '1.0' | '1.1';
  readonly headers: Readonly<Record<string, string>>;
  readonly reuse: boolean;
  readonly expected_status: readonly StatusExpression[];
  readonly tls: TlsOptions;
}

export interface TlsOptions {
  readonly server_name?: string;
  readonly verify: boolean;
  readonly ca_file?: string;
}

/** Options as the configuration gives them: anything may be left out. */
export type GivenHttpOptions = Readonly<Partial<Omit<HttpOptions, 'tls'>> & { tls?: Readonly<Partial<TlsOptions>> }>;

/** What a check means that leaves everything out: docs/semantics.md items 11 and 12. */
export const defaultOptions: HttpOptions = {
  method: 'HEAD',
  path: '/',
  http_version: '1.1',
  headers: {},
  reuse: false,
  expected_status: ['http_2xx'],
  tls: { verify: false },
};

export const httpOptionsSchema = {
  method: {
    description: 'Request method. HEAD is the lightest; the backend must support it.',
    type: 'string',
    enum: methods,
    'x-default': 'by profile',
  },
  path: {
    description: 'Path of the check page, with a query if need be. A small static file is best.',
    type: 'string',
    // Begins with "/", then printable ASCII without spaces; a fragment ("#…") is never sent to a server.
    pattern: '^/[!-"$-~]*$',
    maxLength: 2048,
    'x-allowed': 'a path that begins with /, without spaces and without #',
    default: '/',
  },
  host: {
    description: 'Host header.',
    'x-default': 'the backend’s address and port',
    type: 'string',
    minLength: 1,
    maxLength: 255,
  },
  http_version: {
    description: 'Version of HTTP in the request.',
    type: 'string',
    enum: ['1.0', '1.1'],
    default: '1.1',
  },
  headers: {
    description: 'More headers of the request. Not Host, Connection, Content-Length or Transfer-Encoding.',
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 4096 },
    maxProperties: 50,
    default: {},
  },
  reuse: {
    description:
      'Keep the connection between probes: cheaper, but what a new connection would meet (firewall, full accept queue) is not tested.',
    type: 'boolean',
    default: false,
  },
  expected_status: {
    description: 'Status codes that count as healthy. An empty list means http_2xx.',
    type: 'array',
    items: { type: ['integer', 'string'], 'x-allowed': allowedStatusForms },
    maxItems: 100,
    'x-default': 'by profile',
  },
} as const;

export const httpsOptionsSchema = {
  ...httpOptionsSchema,
  tls: {
    description: 'TLS of an https check. Protocol versions below TLS 1.2 are not offered.',
    type: 'object',
    additionalProperties: false,
    default: {},
    properties: {
      server_name: {
        description: 'Server name (SNI) to ask for, and to find in the certificate.',
        'x-default': '`host` where that is a name',
        type: 'string',
        minLength: 1,
        maxLength: 253,
      },
      verify: {
        description: 'Refuse a certificate that is expired, for another name, or of an unknown authority.',
        type: 'boolean',
        default: false,
      },
      ca_file: {
        description: 'PEM file of the authorities to trust instead of the system’s.',
        'x-default': 'those of the system',
        type: 'string',
        minLength: 1,
      },
    },
  },
} as const;

/** An empty `expected_status` means `http_2xx`: what is shown of a check says so. */
export function effectiveHttpOptions(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { expected_status: expected } = options;
  return Array.isArray(expected) && expected.length === 0 ? { ...options, expected_status: defaultOptions.expected_status } : options;
}

/** Fills in what a caller without a profile left out (`vitald probe URL`). */
export function withDefaults(options: Readonly<Record<string, unknown>>): HttpOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as GivenHttpOptions;
  return { ...defaultOptions, ...given, tls: { ...defaultOptions.tls, ...given.tls } };
}
