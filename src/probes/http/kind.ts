/** The kinds `http` and `https` as they are registered: one implementation, with and without TLS. */
import type { ProbeKind } from '../probe.js';
import { effectiveHttpOptions, httpOptionsSchema, httpsOptionsSchema } from './options.js';
import { HttpProbe } from './probe.js';
import { validateHttpOptions } from './validate.js';

export const httpKind = {
  name: 'http',
  summary: 'The backend answers an HTTP request with an expected status.',
  usesPort: true,
  optionsSchema: httpOptionsSchema,
  validate: validateHttpOptions,
  effective: effectiveHttpOptions,
  create: (context) => new HttpProbe('http', context),
} as const satisfies ProbeKind<'http'>;

export const httpsKind = {
  name: 'https',
  summary: 'The backend finishes a TLS handshake and answers an HTTP request with an expected status.',
  usesPort: true,
  optionsSchema: httpsOptionsSchema,
  validate: validateHttpOptions,
  effective: effectiveHttpOptions,
  create: (context) => new HttpProbe('https', context),
} as const satisfies ProbeKind<'https'>;
