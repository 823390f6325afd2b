/** Matching replies to probes in flight. */
import { PendingTable } from '#vitald/probes/raw/pending.js';
import { secret32 } from '#vitald/probes/raw/secrets.js';
import type { Finding } from '../../report/measurement.js';
import { timing } from '../../support/timing.js';

const probes = 100_000;

export function pendingBench(): Finding[] {
  return [1000, 100_000].map((inFlight) => {
    const table = new PendingTable(inFlight);
    const secrets = Uint32Array.from({ length: inFlight }, secret32);
    secrets.forEach((secret, slot) => table.add(secret, slot));
    return timing(`matching: draw a secret, add, find and remove it, beside ${inFlight} in flight`, probes, () => {
      for (let slot = 0; slot < probes; slot++) {
        const secret = secret32();
        if (!table.add(secret, slot)) continue;
        table.find(secret);
        table.remove(secret);
      }
    });
  });
}
