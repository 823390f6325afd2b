/** A TCP port that listens and never answers: its accept queue is full, so that the kernel drops every further SYN. */
import koffi from 'koffi';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const libc = koffi.load('libc.so.6');
type Call = (...args: (number | Buffer | Uint32Array)[]) => number;
const call = (prototype: string): Call => libc.func(prototype) as Call;
const socket = call('int socket(int domain, int type, int protocol)');
const bind = call('int bind(int fd, const void *address, uint32_t length)');
const listen = call('int listen(int fd, int backlog)');
const accept = call('int accept(int fd, void *address, void *length)');
const close = call('int close(int fd)');
const getsockname = call('int getsockname(int fd, void *address, void *length)');

export interface SilentPort {
  readonly port: number;
  /** Accepts what waits, so that the next SYN is answered. */
  makeRoom(): void;
  close(): void;
}

export async function silentTcpPort(): Promise<SilentPort> {
  const [AF_INET, SOCK_STREAM, SOCK_CLOEXEC] = [2, 1, 0o2000000];
  const listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const address = Buffer.alloc(16);
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_INET;
  address.writeUInt32BE(0x7f00_0001, 4);
  if (bind(listener, address, 16) !== 0 || listen(listener, 0) !== 0) throw new Error('cannot listen');
  getsockname(listener, address, new Uint32Array([16]));
  const port = address.readUInt16BE(2);
  // A backlog of 0 has room for one.
  const filler = connect(port, '127.0.0.1');
  filler.on('error', () => undefined);
  await once(filler, 'connect');
  const accepted: number[] = [];
  return {
    port,
    makeRoom: () => void accepted.push(accept(listener, null as never, null as never)),
    close: () => {
      filler.destroy();
      for (const fd of [...accepted, listener]) close(fd);
    },
  };
}

/** Connection attempts to a port of 127.0.0.1 that nobody has answered yet: the addresses that they come from. */
export function attemptsTo(port: number): string[] {
  const synSent = '02';
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return (
    readFileSync('/proc/net/tcp', 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((row) => row[2] === remote && row[3] === synSent)
      // The kernel writes an IPv4 address as one number in the order of this machine's bytes.
      .map((row) => [...Buffer.from(row[1]!.slice(0, 8), 'hex')].reverse().join('.'))
  );
}

/** Waits for the first of {@link attemptsTo}. */
export async function sourcesOfAttempts(port: number): Promise<string[]> {
  for (;;) {
    const sources = attemptsTo(port);
    if (sources.length > 0) return sources;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
