/** What the hot path needs of a listener's settings, worked out once. */
import { createSecureContext, type SecureContext } from 'node:tls';
import { isIP } from 'node:net';
import { expectedStatus, type ExpectedStatus } from '../../health/expected-status.js';
import { printable } from '../printable.js';
import type { CheckSettings } from '../probe.js';
import type { Binding } from '../raw/channel-set.js';
import { withDefaults, type HttpOptions, type Method } from './options.js';
import { requestFor, type RequestFor, type Scheme } from './request.js';
import { readCaFile } from './validate.js';

export interface CompiledHttp {
  readonly method: Method;
  readonly expected: ExpectedStatus;
  readonly requestFor: RequestFor;
  readonly reuse: boolean;
  readonly source: string | undefined;
  readonly device: string | undefined;
  /** Source and device together. */
  readonly binding: Binding;
  /** Undefined for plain http. */
  readonly tls: CompiledTls | undefined;
  /** Why no probe can be made, for example a CA file that has vanished since the configuration was read. */
  readonly error: string | undefined;
}

export interface CompiledTls {
  /** Made once for each listener: making one costs more than a handshake. */
  readonly context: SecureContext | undefined;
  /** SNI; undefined where no name is known, for it must not be an address (RFC 6066 §3). */
  readonly serverName: string | undefined;
  readonly verify: boolean;
}

/** Never throws: what cannot be compiled is told by `error`. */
export function compileHttp(scheme: Scheme, settings: CheckSettings): CompiledHttp {
  const options = withDefaults(settings.options);
  const tls = scheme === 'https' ? compileTls(options) : undefined;
  return {
    method: options.method,
    expected: expectedStatus(options.expected_status),
    requestFor: requestFor(scheme, options),
    reuse: options.reuse,
    source: settings.source,
    device: settings.interface,
    binding: { source: settings.source, interface: settings.interface },
    tls: tls?.tls,
    error: tls?.error,
  };
}

function compileTls(options: HttpOptions): { tls: CompiledTls; error: string | undefined } {
  const { server_name, verify, ca_file } = options.tls;
  const serverName = server_name ?? nameIn(options.host);
  try {
    const ca = ca_file === undefined ? {} : { ca: readCaFile(ca_file) };
    // TLS 1.0 and 1.1 are not offered even where the certificate is not looked at: they are withdrawn (RFC 8996),
    // and OpenSSL would need a lowered security level to speak them.
    const context = createSecureContext({ ...ca, minVersion: 'TLSv1.2' });
    return { tls: { context, serverName, verify }, error: undefined };
  } catch (error) {
    return {
      tls: { context: undefined, serverName, verify },
      error: `https check: ${printable(ca_file ?? '', 200)} ${(error as Error).message}`,
    };
  }
}

/** The name in a Host header, without its port; undefined where it is an address. */
function nameIn(host: string | undefined): string | undefined {
  const name = host?.replace(/:\d+$/, '');
  return name === undefined || name.startsWith('[') || isIP(name) !== 0 ? undefined : name;
}
