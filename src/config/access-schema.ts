/** The part of the schema under `server` that says where the API is, who may ask what, and how much of it. */
import { section, type JsonSchema } from './json-schema.js';
import { roles } from './roles.js';

/** Of tokens and client certificates. */
export const callerNamePattern = '^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,127}$';
export const allowedCallerNames = '1 to 128 letters, digits, ".", "_", "@" and "-", not beginning with ".", "@" or "-"';

/** A Unix socket's path has at most 107 bytes (unix(7)), of which its first name, in a folder of its own, needs some. */
const longestSocketPath = 92;

export const defaultLimits = { requestsPerSecond: 1000, connections: 2000, connectionsPerAddress: 1000 } as const;
/** What clients may keep open; see front/access/holds.ts. */
export const defaultHolds = { requests: 4000, requestsPerCaller: 2000, streams: 2000, streamsPerCaller: 1000 } as const;
export const defaultSocketMode = '0660';

const name: JsonSchema = {
  type: 'string',
  pattern: callerNamePattern,
  description: 'Shown in the audit log; unique.',
  'x-allowed': allowedCallerNames,
};
const role: JsonSchema = {
  type: 'string',
  enum: roles,
  description: 'read: look. operate: also overrides, weights, probes, diagnoses. admin: also backends.',
};

const tokens: JsonSchema = {
  type: 'array',
  maxItems: 1000,
  description: 'Bearer tokens; `vitald token` makes one, and its entry here.',
  // Tokens are put where their hashes belong, and beside them.
  'x-secret': true,
  'x-default': 'none: no credentials are asked for',
  items: section(
    '',
    {
      name,
      role,
      sha256: {
        type: 'string',
        pattern: '^[0-9a-fA-F]{64}$',
        description: 'SHA-256 of the token, never the token itself.',
        'x-allowed': 'the SHA-256 of a token, 64 hexadecimal digits; `vitald token` prints it',
      },
    },
    ['name', 'role', 'sha256'],
  ),
};

const tls: JsonSchema = section(
  'HTTPS instead of HTTP at `listen`. The files are read again at every reload.',
  {
    cert_file: { type: 'string', minLength: 1, description: 'PEM: the certificate, then those of intermediate authorities.' },
    key_file: { type: 'string', minLength: 1, description: 'PEM: its private key, without a passphrase.' },
    client_ca_file: {
      type: 'string',
      minLength: 1,
      description: 'PEM: authorities whose client certificates are believed.',
      'x-default': 'none',
    },
    min_version: { type: 'string', enum: ['1.2', '1.3'], default: '1.2', description: 'The lowest version of TLS.' },
  },
  ['cert_file', 'key_file'],
);

const clientCertificates: JsonSchema = {
  type: 'array',
  maxItems: 1000,
  description: 'Client certificates that are let in; each by one of subject_cn, san_dns and sha256_fingerprint.',
  'x-default': 'none',
  items: section(
    '',
    {
      name,
      role,
      subject_cn: {
        type: 'string',
        minLength: 1,
        description: 'The common name of its subject; signed by an authority of client_ca_file.',
      },
      san_dns: { type: 'string', minLength: 1, description: 'A DNS name that it is for; signed by an authority of client_ca_file.' },
      sha256_fingerprint: {
        type: 'string',
        pattern: '^([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$',
        description: 'This one certificate, from any issuer.',
        'x-allowed': 'the SHA-256 fingerprint of a certificate, as `openssl x509 -fingerprint -sha256` prints it',
      },
    },
    ['name', 'role'],
  ),
};

const unixSocket: JsonSchema = section(
  'A Unix socket beside the address; who may open it needs no other credentials.',
  {
    path: {
      type: 'string',
      pattern: `^[^\\0]{1,${longestSocketPath}}$`,
      description: 'Its folder must be there.',
      'x-allowed': `a path of at most ${longestSocketPath} characters`,
    },
    mode: {
      type: 'string',
      pattern: '^0?[0-7]{3}$',
      default: defaultSocketMode,
      description: 'Who may connect: those with the permission to write.',
      'x-allowed': 'permissions in octal, in quotes: "0660"',
    },
    group: { type: 'string', minLength: 1, description: 'Group of the socket, by name or number.', 'x-default': 'that of the process' },
    role: { ...role, default: 'admin' },
  },
  ['path'],
);

const limits: JsonSchema = section('What clients may take of the API.', {
  requests_per_second: {
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000,
    default: defaultLimits.requestsPerSecond,
    description: 'Of one client: a token, a certificate, or an address without credentials.',
  },
  connections: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: defaultLimits.connections,
    description: 'At a time, for each of listen, metrics_listen and unix_socket.',
  },
  connections_per_address: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: defaultLimits.connectionsPerAddress,
    description: 'Of these, from one address (IPv6: one /64).',
  },
  held_requests: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: defaultHolds.requests,
    description: 'Requests that are held at a time: `wait` of /v1/status and of diagnoses, discovery requests of Envoy.',
  },
  held_requests_per_caller: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: defaultHolds.requestsPerCaller,
    description: 'Held requests of one token, certificate, or address without credentials (IPv6: one /64).',
  },
  event_streams: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: defaultHolds.streams,
    description: 'Open streams of /v1/events at a time.',
  },
  event_streams_per_caller: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: defaultHolds.streamsPerCaller,
    description: 'Open streams of /v1/events of one caller.',
  },
});

/** Keys under `server`. */
export const accessProperties: Readonly<Record<string, JsonSchema>> = {
  tokens,
  tls,
  client_certificates: clientCertificates,
  unix_socket: unixSocket,
  metrics_listen: {
    type: 'string',
    description: 'A second address that serves only /metrics, /healthz and /readyz, by plain HTTP and without credentials.',
    'x-allowed': 'ADDRESS:PORT or [IPV6]:PORT, for example 0.0.0.0:9248',
    'x-default': 'none',
  },
  open: {
    type: 'array',
    items: { type: 'string', enum: ['metrics', 'health'], 'x-allowed': 'metrics, health' },
    description: 'What is answered without credentials at `listen`: /metrics; /healthz and /readyz.',
    'x-default': 'none',
  },
  names: {
    type: 'array',
    maxItems: 100,
    items: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,253}$', 'x-allowed': 'host names' },
    description: 'Host names by which clients without credentials may reach the API; addresses and names without a dot always may.',
    'x-default': 'the host’s name, `checker` and localhost',
  },
  insecure: {
    type: 'boolean',
    default: false,
    description: 'Permits `listen` at an address that others can reach, although no credentials are asked for.',
  },
  limits,
};
