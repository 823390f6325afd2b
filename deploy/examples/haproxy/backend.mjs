/**
 * A backend to try things with: answers every request with its name, the check at /healthz too.
 *
 *   node backend.mjs NAME PORT
 */
import { createServer } from 'node:http';

const [name, port] = process.argv.slice(2);
createServer((request, response) => {
  response.writeHead(200, { 'X-Backend': name, 'Content-Type': 'text/plain' });
  response.end(request.method === 'HEAD' ? undefined : `${name}\n`);
}).listen(Number(port), '127.0.0.1', () => console.log(`${name} answers at http://127.0.0.1:${port}/`));
