/** Which daemon a command talks to, and with what credentials: from its options and the environment. */
import type { Command } from 'commander';
import { CodedError } from '../../errors.js';
import { FileRefused, readRegularFileSync } from '../../files/regular-file.js';
import { defaultAddress, parseAddress, type ApiAddress } from './address.js';

/** The options of every command that talks to a daemon. */
export interface ClientFlags {
  readonly api?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Tokens, certificates and keys are much smaller. */
const largestFileBytes = 1024 * 1024;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ClientSettings {
  readonly address: ApiAddress;
  readonly token: string | undefined;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
}

/** Adds the options to a command. */
export function addClientOptions(command: Command): Command {
  return command
    .option('--api <url>', `the daemon’s API (default: $VITALD_API or ${defaultAddress}); also unix:/path/to/socket`)
    .option('--token-file <file>', 'a file with the token to show (default: $VITALD_TOKEN)')
    .option('--ca-file <file>', 'PEM: authorities that the daemon’s certificate may come from, instead of the usual ones')
    .option('--cert-file <file>', 'PEM: the certificate to show to the daemon')
    .option('--key-file <file>', 'PEM: its private key');
}

/** @throws CodedError usage where an option makes no sense, or names a file that cannot be read */
export function clientSettings(flags: ClientFlags, env: Environment): ClientSettings {
  const address = parseAddress(flags.api ?? (env.VITALD_API || defaultAddress));
  const { caFile, certFile, keyFile } = flags;
  if ((certFile === undefined) !== (keyFile === undefined)) throw new CodedError('usage', '--cert-file and --key-file go together');
  if (!address.secure && (caFile ?? certFile) !== undefined) {
    throw new CodedError('usage', `--ca-file and --cert-file are for https://, and the API is asked at ${address.text}`);
  }
  const tls = {
    ...(caFile !== undefined && { ca: fileOf('--ca-file', caFile) }),
    ...(certFile !== undefined && { cert: fileOf('--cert-file', certFile) }),
    ...(keyFile !== undefined && { key: fileOf('--key-file', keyFile) }),
  };
  return { address, token: tokenOf(flags, env), tls };
}

function tokenOf({ tokenFile }: ClientFlags, env: Environment): string | undefined {
  const from = tokenFile === undefined ? 'VITALD_TOKEN' : `--token-file ${tokenFile}`;
  const token = (tokenFile === undefined ? (env.VITALD_TOKEN ?? '') : fileOf('--token-file', tokenFile).toString('utf8')).trim();
  if (token === '' && tokenFile === undefined) return undefined;
  // RFC 6750, 2.1: b64token. What else there is must not be shown: it may be a secret.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) throw new CodedError('usage', `${from}: this is not a token; \`vitald token\` makes one`);
  return token;
}

function fileOf(option: string, file: string): Buffer {
  try {
    return readRegularFileSync(file, largestFileBytes);
  } catch (error) {
    if (error instanceof FileRefused) throw new CodedError('usage', `${option} ${file} cannot be read: ${error.message}`);
    throw new CodedError('usage', `${option} ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
