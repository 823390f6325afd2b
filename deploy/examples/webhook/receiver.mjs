/**
 * A receiver of vitald's webhook that takes nothing else: it checks the signature and its age, leaves out what it has
 * seen, and prints a line for each event.
 *
 *   WEBHOOK_SECRET=… node receiver.mjs PORT
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const secret = process.env.WEBHOOK_SECRET ?? '';
if (secret.length < 16) throw new Error('WEBHOOK_SECRET must have 16 characters at least');

const mostBytes = 1024 * 1024;
const oldestSeconds = 300;

/**
 * The newest revision seen of each backend, and its epoch: after a failure vitald may send an event twice. Another start
 * of vitald has another epoch, and revisions of two epochs cannot be compared.
 */
const newest = new Map();

/** @returns whether vitald has signed this body, lately */
function isGenuine(header, body) {
  const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header ?? '') ?? [];
  if (time === undefined || Math.abs(Date.now() / 1000 - Number(time)) > oldestSeconds) return false;
  const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
  return timingSafeEqual(Buffer.from(signature, 'hex'), expected);
}

function take({ checker, epoch, events }) {
  for (const event of events) {
    const { revision, listener, backend, from, to, routable, routable_because, reason } = event;
    const name = `${checker} ${listener}/${backend}`;
    const seen = newest.get(name);
    if (seen?.epoch === epoch && revision <= seen.revision) continue;
    newest.set(name, { epoch, revision });
    console.log(
      `${name}: ${from ?? '?'} → ${to ?? 'gone'}, ${routable ? '' : 'not '}routable (${routable_because ?? event.event})${reason ? `: ${reason}` : ''}`,
    );
  }
}

const server = createServer((request, response) => {
  const pieces = [];
  let bytes = 0;
  request.on('data', (piece) => {
    bytes += piece.length;
    if (bytes > mostBytes) request.destroy();
    else pieces.push(piece);
  });
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    const genuine = isGenuine(request.headers['x-vitald-signature'], body);
    if (genuine) take(JSON.parse(body.toString('utf8')));
    // Answer at once, and do what takes time afterwards: vitald waits for the answer before it sends the next batch.
    response.writeHead(genuine ? 204 : 401).end();
  });
});
server.listen(Number(process.argv[2] ?? 9100), '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address !== 'string') console.log(`listening on port ${address.port}`);
});
