/** Stand-ins for the registered probe kinds: their options as the configuration sees them, and no probing. */
import { allowedStatusForms, statusRange, type StatusExpression } from '#vitald/health/expected-status.js';
import type { OptionProblem, Probe, ProbeKind } from '#vitald/probes/probe.js';

function notForProbing(): Probe {
  throw new Error('a stand-in cannot probe');
}

const tcp: ProbeKind = {
  name: 'tcp',
  summary: 'The port accepts connections.',
  usesPort: true,
  optionsSchema: {
    tcp: {
      type: 'object',
      description: 'How the connection is attempted.',
      additionalProperties: false,
      properties: {
        method: { type: 'string', enum: ['auto', 'syn', 'connect'], default: 'auto', description: 'Half-open or full connection.' },
      },
    },
  },
  create: notForProbing,
};

const ping: ProbeKind = {
  name: 'ping',
  summary: 'The host answers an echo request.',
  usesPort: false,
  optionsSchema: {},
  create: notForProbing,
};

const payload = { type: 'string', pattern: '^(text|hex):', 'x-allowed': '"text:…" or "hex:…"' };

const udp: ProbeKind = {
  name: 'udp',
  summary: 'The port does not refuse datagrams.',
  usesPort: true,
  optionsSchema: {
    udp: {
      type: 'object',
      description: 'The datagram and its answer.',
      additionalProperties: false,
      properties: {
        ping_first: { type: 'boolean', default: false, description: 'Ping before the datagram.' },
        send: { ...payload, description: 'The datagram.' },
        expect: { ...payload, description: 'What the answer begins with.' },
      },
    },
  },
  create: notForProbing,
};

const httpOptions = {
  method: { type: 'string', enum: ['HEAD', 'GET', 'OPTIONS'], description: 'Method of the request.', 'x-default': 'by profile' },
  path: { type: 'string', pattern: '^/\\S*$', description: 'Path.', 'x-allowed': 'a path that begins with /', 'x-default': 'by profile' },
  host: { type: 'string', description: 'Value of the Host header.', 'x-default': 'the backend’s address and port' },
  http_version: { type: 'string', enum: ['1.0', '1.1'], default: '1.1', description: 'HTTP version.' },
  headers: {
    type: 'object',
    description: 'Further headers.',
    propertyNames: { pattern: '^[A-Za-z0-9-]+$', 'x-allowed': 'the name of a header' },
    additionalProperties: { type: 'string', pattern: '^[^\\r\\n]*$', description: 'Value.', 'x-allowed': 'one line of text' },
  },
  reuse: { type: 'boolean', default: false, description: 'Keep the connection between probes.' },
  expected_status: {
    type: 'array',
    description: 'Status codes that are healthy.',
    items: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-allowed': allowedStatusForms },
    'x-default': 'by profile',
  },
};

function validateStatus(options: Readonly<Record<string, unknown>>): OptionProblem[] {
  const list = (options['expected_status'] ?? []) as StatusExpression[];
  return list.flatMap((entry, index) =>
    statusRange(entry) === undefined
      ? [{ path: ['expected_status', index], message: `found ${JSON.stringify(entry)}; expected ${allowedStatusForms}` }]
      : [],
  );
}

const http: ProbeKind = {
  name: 'http',
  summary: 'The application answers a request with an expected status.',
  usesPort: true,
  optionsSchema: httpOptions,
  validate: validateStatus,
  create: notForProbing,
};

const https: ProbeKind = {
  ...http,
  name: 'https',
  summary: 'The application answers a request over TLS with an expected status.',
  optionsSchema: {
    ...httpOptions,
    tls: {
      type: 'object',
      description: 'The TLS connection.',
      additionalProperties: false,
      properties: {
        server_name: { type: 'string', description: 'Server name to ask for.' },
        verify: { type: 'boolean', default: false, description: 'Verify the certificate.' },
        ca_file: { type: 'string', description: 'Authorities to trust.' },
      },
    },
  },
};

export const standInKinds: readonly ProbeKind[] = [tcp, ping, udp, http, https];
