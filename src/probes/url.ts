/** What to probe, as a URL of the command line: tcp://10.0.0.1:80, ping://10.0.0.1, http://10.0.0.1:8080/health … */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { CodedError } from '../errors.js';
import { optionsOfFlags, type CheckFlags } from './check-flags.js';
import type { OneShotTarget } from './one-shot.js';
import { printable } from './printable.js';
import type { CheckSettings, ProbeKind } from './probe.js';
import { probeKinds } from './registry.js';

/** What the URL does not say. */
export interface ProbeUrlOptions extends CheckFlags {
  readonly timeoutMs: number;
  readonly source?: string;
  readonly interface?: string;
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
      `${printable(withoutUser(text), 200)} is not something to probe; write for example tcp://10.0.0.1:80, ping://10.0.0.1, udp://10.0.0.1:53, http://10.0.0.1:8080/health or https://[fd00::1]/`,
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
    options: optionsOf(kind, { name, path, portText }, options),
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

/** A password in a URL that is refused is not repeated. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//…@');
}

interface UrlParts {
  /** The host as it is written, without brackets. */
  readonly name: string;
  readonly path: string | undefined;
  readonly portText: string | undefined;
}

function optionsOf(kind: ProbeKind, { name, path, portText }: UrlParts, flags: CheckFlags): Record<string, unknown> {
  const fromUrl = {
    path: path === undefined ? '/' : path.startsWith('/') ? path : `/${path}`,
    ...(isIP(name) === 0 && { host: portText === undefined ? name : `${name}:${portText}` }),
  };
  const options = { ...('path' in kind.optionsSchema && fromUrl), ...optionsOfFlags(flags, kind.name) };
  const problem = kind.validate?.(options)[0];
  if (problem !== undefined) throw new CodedError('usage', `${problem.path.join('.')} ${problem.message}`);
  return options;
}
