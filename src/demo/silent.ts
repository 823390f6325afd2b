/**
 * A port that listens and is silent: its accept queue is full, so that the kernel drops every further SYN
 * (Linux, tcp_v4_conn_request). To a checker that looks like a firewall that drops.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createRequire } from 'node:module';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { listen as listenOn, type Backend } from './backend.js';
import { demoAddress } from './ports.js';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const loopback = 0x7f00_0001;
const addressBytes = 16;

type Call = (...args: (number | Buffer | Uint32Array)[]) => number;

/** Calls of libc by koffi; -1 is a failure. */
interface Libc {
  readonly socket: Call;
  readonly bind: Call;
  readonly listen: Call;
  readonly getsockname: Call;
  readonly close: Call;
}

/** Silent where koffi works; elsewhere a server that accepts connections and never answers a request. */
export async function startSilent(port: number): Promise<Backend> {
  const libc = loadLibc();
  return libc === undefined ? startMute(port) : startUnaccepting(libc, port);
}

async function startUnaccepting(libc: Libc, port: number): Promise<Backend> {
  const fd = openListener(libc, port);
  if (fd === undefined) throw Object.assign(new Error(`port ${port} cannot be listened on`), { code: 'EADDRINUSE', port });
  const bound = Buffer.alloc(addressBytes);
  libc.getsockname(fd, bound, new Uint32Array([addressBytes]));
  const boundPort = bound.readUInt16BE(2);
  let filler: Socket | undefined;
  let closed = false;
  // Nobody ever accepts: one connection fills a queue of length 0, which has room for one.
  const fill = async (): Promise<void> => {
    filler = connect(boundPort, demoAddress);
    filler.on('error', () => undefined);
    await once(filler, 'connect');
    filler.once('close', () => {
      if (!closed) fill().catch(() => undefined);
    });
  };
  await fill();
  return {
    port: boundPort,
    describe: 'silent: listens, but its accept queue is full, so that it answers nothing',
    close: () => {
      closed = true;
      filler?.destroy();
      libc.close(fd);
      return Promise.resolve();
    },
  };
}

/** The descriptor of a socket that listens with a queue for one; undefined where the port is taken. */
function openListener(libc: Libc, port: number): number | undefined {
  const fd = libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const address = Buffer.alloc(addressBytes);
  // The family is in the machine's byte order, port and address are in the network's (ip(7)).
  Buffer.from(new Uint16Array([AF_INET]).buffer).copy(address, 0);
  address.writeUInt16BE(port, 2);
  address.writeUInt32BE(loopback, 4);
  if (libc.bind(fd, address, addressBytes) === 0 && libc.listen(fd, 0) === 0) return fd;
  libc.close(fd);
  return undefined;
}

async function startMute(port: number): Promise<Backend> {
  const server = createHttpServer(() => undefined);
  await listenOn(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    describe: 'silent: accepts connections and never answers (koffi is missing, otherwise not even that)',
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Koffi {
  load(path: null): { func(prototype: string): Call };
}

function loadLibc(): Libc | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi & { readonly default?: Koffi };
    const libc = (koffi.default ?? koffi).load(null);
    return {
      socket: libc.func('int socket(int domain, int type, int protocol)'),
      bind: libc.func('int bind(int fd, const void *address, uint32_t length)'),
      listen: libc.func('int listen(int fd, int backlog)'),
      getsockname: libc.func('int getsockname(int fd, void *address, uint32_t *length)'),
      close: libc.func('int close(int fd)'),
    };
  } catch {
    return undefined;
  }
}
