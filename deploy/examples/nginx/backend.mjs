/**
 * A backend to try things on: answers every request, and says who it is.
 *
 *   node backend.mjs ADDRESS PORT NAME
 */
import { createServer } from 'node:http';

const [address, port, name] = process.argv.slice(2);

createServer((request, response) => {
  response.writeHead(200, { 'x-backend': name, 'content-type': 'text/plain' });
  response.end(`${name} answers ${request.method} ${request.url}\n`);
}).listen(Number(port), address, () => console.log(`${name} listens at ${address}:${port}`));
