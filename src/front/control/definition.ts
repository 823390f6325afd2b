/** A runtime backend as a request defines it: the same rules as for one of the file (config/resolve/backends.ts). */
import { isIP } from 'node:net';
import { formatEndpoint } from '../../endpoint.js';
import { parseAddress, Refusal, splitEndpoint, unbracketedEndpoint } from '../../config/address.js';
import { listed } from '../../config/listed.js';
import type { RuntimeBackend } from '../../config/plan.js';
import { quotedIfHarmless } from '../../config/quoting.js';
import { isAllowed } from '../../config/runtime-backends.js';
import { backendProperties } from '../../config/schema.js';
import type { ErrorCode } from '../../errors.js';

/** As it comes, its members checked against the schema of a backend. */
export interface RawDefinition {
  readonly name?: string;
  readonly address?: string;
  readonly port?: number;
  readonly weight?: number;
}

export type Definition = Pick<RuntimeBackend, 'id' | 'address' | 'port' | 'weight'>;

/** What is wrong with a request, or with one of its backends. */
export interface ChangeProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a definition is read with. */
export interface DefinitionContext {
  /** Name of the listener. */
  readonly listener: string;
  /** Port of backends that name none. */
  readonly defaultPort: number | undefined;
  /** CIDR ranges. */
  readonly allowedNetworks: readonly string[];
}

const defaultWeight = 1;
const namePattern = new RegExp(String(backendProperties.name!.pattern));

/**
 * Puts the id of a path and the body together.
 *
 * @param id the backend's name, or ADDRESS:PORT
 */
export function definitionOfPath(id: string, body: RawDefinition): RawDefinition | ChangeProblem {
  if (namePattern.test(id) && isIP(id) === 0) return body.address === undefined ? wrong(missingAddress(id)) : { ...body, name: id };
  const endpoint = splitEndpoint(id);
  const address = endpoint instanceof Refusal ? endpoint : parseAddress(endpoint.address);
  const allowed = `an id is a name (${String(backendProperties.name!['x-allowed'])}), or ADDRESS:PORT`;
  if (endpoint instanceof Refusal) return wrong(`${endpoint.message}; ${allowed}`);
  if (address instanceof Refusal) return wrong(`${address.message}; ${allowed}`);
  const { port } = endpoint;
  if (port === undefined || port === 0) return wrong(`${JSON.stringify(id)} has no port${bracketHint(id)}; ${allowed}`);
  const usual = formatEndpoint(address.address, port);
  if (usual !== id) return wrong(`the id ${JSON.stringify(id)} must be written in its usual form, ${usual}`);
  if (body.port !== undefined && body.port !== port) return wrong(`the path says port ${port}, the body ${body.port}`);
  if (body.address !== undefined && !sameAddress(body.address, address.address)) {
    return wrong(`the path says address ${address.address}, the body ${JSON.stringify(body.address)}`);
  }
  return { ...body, address: address.address, port };
}

/** For an IPv6 address whose last group may be meant as the port. */
function bracketHint(text: string): string {
  const meant = unbracketedEndpoint(text);
  return meant === undefined ? '' : ` (if ${meant.port} is its port, write ${formatEndpoint(meant.address, meant.port)})`;
}

function missingAddress(id: string): string {
  return `the body must have \`address\`: ${JSON.stringify(id)} is a name; only an id of the form ADDRESS:PORT says where the backend is`;
}

function sameAddress(text: string, address: string): boolean {
  const parsed = parseAddress(text);
  return !(parsed instanceof Refusal) && parsed.address === address;
}

/** @returns the backend with its defaults, or why it cannot be one */
export function readDefinition(raw: RawDefinition, context: DefinitionContext): Definition | ChangeProblem {
  const endpoint = splitEndpoint(raw.address ?? '');
  if (!(endpoint instanceof Refusal) && endpoint.port !== undefined) {
    return wrong(`${quotedIfHarmless(raw.address!)} holds a port; write the port under \`port\``);
  }
  const parsed = parseAddress(raw.address ?? '');
  if (parsed instanceof Refusal) return wrong(parsed.message);
  const port = raw.port ?? context.defaultPort;
  if (port === undefined) return wrong(`has no port; name one, since the listener ${context.listener} has none`);
  const { address } = parsed;
  if (!isAllowed(address, context.allowedNetworks)) return { code: 'network_not_allowed', message: outside(address, context) };
  return { id: raw.name ?? formatEndpoint(address, port), address, port, weight: raw.weight ?? defaultWeight };
}

function outside(address: string, { allowedNetworks }: DefinitionContext): string {
  return allowedNetworks.length === 0
    ? `the configuration allows no runtime backends; to allow ${address}, set server.allowed_networks to the networks that backends may lie in, for example [10.0.0.0/8], and reload`
    : `${address} is outside server.allowed_networks (${listed(allowedNetworks)})`;
}

function wrong(message: string): ChangeProblem {
  return { code: 'bad_request', message };
}

export function isProblem<T extends object>(found: T | ChangeProblem): found is ChangeProblem {
  return 'code' in found && 'message' in found;
}
