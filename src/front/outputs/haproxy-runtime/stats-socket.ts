/**
 * One exchange with HAProxy’s Runtime API: a line of commands, then what it says until it closes. A connection serves one
 * line, so that each goes to the process that is in charge now: a connection that is kept may belong to one that is only
 * there to end its last sessions after a reload. Source: HAProxy, management guide, 9.3 "Unix Socket commands".
 */
import { connect, type Socket } from 'node:net';

/** Where HAProxy's `stats socket` is. */
export type StatsSocket = { readonly path: string } | { readonly host: string; readonly port: number };

/** An answer beyond this is none of HAProxy's. 100,000 servers have some 15 MB. */
const longestAnswer = 64 * 1024 * 1024;
/** HAProxy's longest line is a server's state: names and addresses, each some hundred characters at most. */
const longestLine = 16 * 1024;

/**
 * @param line one command, or several with `;` between them; without the end of line
 * @param onLine takes each line of the answer, without its end
 * @returns when all of the answer is there
 * @throws Error where there is no connection, no answer until the signal says so, or too much of one
 */
export async function exchange(socket: StatsSocket, line: string, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const stream = connect(socket);
  let onAbort = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      stream.on('error', reject);
      stream.on('close', resolve);
      stream.once('connect', () => stream.write(`${line}\n`));
      readLines(stream, onLine, reject);
    });
  } finally {
    // One signal ends many exchanges.
    signal.removeEventListener('abort', onAbort);
    stream.destroy();
  }
}

function readLines(stream: Socket, onLine: (line: string) => void, fail: (error: Error) => void): void {
  let rest = '';
  let bytes = 0;
  stream.setEncoding('latin1');
  stream.on('data', (text: string) => {
    bytes += text.length;
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    if (bytes > longestAnswer || rest.length > longestLine) return fail(new Error('the answer is too long to be one of HAProxy'));
    try {
      for (const line of lines) onLine(line);
    } catch (error) {
      fail(error as Error);
    }
  });
}
