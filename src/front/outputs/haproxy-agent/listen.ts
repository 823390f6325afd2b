/** The address of the agent, as it is written in the file. */
import { isIP } from 'node:net';
import { Refusal, splitEndpoint } from '../../../config/address.js';
import { quotedIfHarmless } from '../../../config/quoting.js';

export const defaultListen = '127.0.0.1:8249';

export interface ListenEndpoint {
  readonly address: string;
  /** 0: the system chooses. */
  readonly port: number;
}

/** @returns why it is refused, where it is */
export function parseListen(text: string): ListenEndpoint | Refusal {
  const endpoint = splitEndpoint(text);
  if (endpoint instanceof Refusal) return endpoint;
  const { address, port } = endpoint;
  if (port === undefined) return new Refusal(`${quotedIfHarmless(text)} has no port`);
  if (address !== 'localhost' && isIP(address) === 0)
    return new Refusal(`${quotedIfHarmless(address)} is not an address of this machine to listen on`);
  return { address, port };
}
