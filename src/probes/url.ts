/** What to probe, as a URL of the command line: tcp://10.0.0.1:80, ping://10.0.0.1, http://10.0.0.1:8080/health … */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { CodedError } from '../errors.js';
import type { StatusExpression } from '../health/expected-status.js';
import type { OneShotTarget } from './one-shot.js';
import { printable } from './printable.js';
import type { CheckSettings, ProbeKind } from './probe.js';
import { probeKinds } from './registry.js';

/** What the URL does not say. */
export interface ProbeUrlOptions {
  readonly timeoutMs: number;
  readonly source?: string;
  readonly interface?: string;
  /** http and https: the method, in any case. */
  readonly method?: string;
  /** http and https: expected status, as in `http_2xx,401`. */
  readonly expect?: string;
}

export interface ProbeUrl {
  readonly url: string;
  readonly kind: ProbeKind;
  /** Port 0 for ping. */
  readonly where: OneShotTarget;
  /** `options` holds only what was written. */
  readonly settings: CheckSettings;
}

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, ping: 0 };

/**
 * Reads a URL, and resolves its host where that is a name.
 *
 * @throws CodedError usage, with one sentence for the person who wrote it
 */
export async function parseProbeUrl(text: string, options: ProbeUrlOptions): Promise<ProbeUrl> {
  const match = /^([a-z]+):\/\/(\[[^\]]+\]|[^/:?#]+)(?::(\d+))?([/?].*)?$/i.exec(text);
  const [, scheme = '', host = '', portText, path] = match ?? [];
  const kind = probeKinds.find(({ name }) => name === scheme.toLowerCase());
  if (match === null || kind === undefined) {
    throw new CodedError(
      'usage',
      `${printable(text, 200)} is not something to probe; write for example tcp://10.0.0.1:80, ping://10.0.0.1, udp://10.0.0.1:53, http://10.0.0.1:8080/health or https://[fd00::1]/`,
    );
  }
  const port = portText === undefined ? defaultPorts[kind.name] : Number(portText);
  if (port === undefined || port > 65535 || (port === 0 && kind.usesPort)) {
    throw new CodedError('usage', `${printable(text, 200)} needs a port from 1 to 65535: ${scheme}://${host}:PORT`);
  }
  const name = host.replace(/^\[|\]$/g, '');
  const settings = {
    timeoutMs: options.timeoutMs,
    source: options.source,
    interface: options.interface,
    options: 'path' in kind.optionsSchema ? httpOptions(kind, name, path, portText, options) : {},
  };
  return { url: text, kind, where: { ...(await resolve(name)), port }, settings };
}

async function resolve(host: string): Promise<Omit<OneShotTarget, 'port'>> {
  const family = isIP(host);
  if (family !== 0) return { address: host, family: family === 4 ? 4 : 6 };
  try {
    const found = await lookup(host);
    return { address: found.address, family: found.family === 4 ? 4 : 6 };
  } catch {
    throw new CodedError('usage', `${printable(host, 200)} is neither an IP address nor a name that this machine can resolve`);
  }
}

function httpOptions(
  kind: ProbeKind,
  host: string,
  path: string | undefined,
  port: string | undefined,
  options: ProbeUrlOptions,
): Record<string, unknown> {
  const written: Record<string, unknown> = {
    path: path === undefined ? '/' : path.startsWith('/') ? path : `/${path}`,
    ...(isIP(host) === 0 && { host: port === undefined ? host : `${host}:${port}` }),
    ...(options.method !== undefined && { method: options.method.toUpperCase() }),
    ...(options.expect !== undefined && { expected_status: options.expect.split(',').map(statusExpression) }),
  };
  const problem = kind.validate?.(written)[0];
  if (problem !== undefined) throw new CodedError('usage', `${problem.path.join('.')} ${problem.message}`);
  return written;
}

function statusExpression(text: string): StatusExpression {
  return /^\d+$/.test(text.trim()) ? Number(text) : text.trim();
}
