/** Asks the exporter for a probe of each target in turn, at a steady rate. Not part of what is measured. */
import { Agent, get } from 'node:http';
import { loopbackAddresses } from '../support/addresses.js';

const [count, port, intervalMs] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: 32 });
const targets = loopbackAddresses(count!).map((address) => encodeURIComponent(`http://${address}:${port}/`));
let next = 0;
let owed = 0;
let last = performance.now();

setInterval(() => {
  const now = performance.now();
  owed += ((now - last) * targets.length) / intervalMs!;
  last = now;
  for (; owed >= 1; owed--) {
    const target = targets[next++ % targets.length]!;
    get({ host: '127.0.0.1', port: 18253, path: `/probe?module=http&target=${target}`, agent }, (response) => response.resume()).on(
      'error',
      () => undefined,
    );
  }
}, 5);
