import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { chooseSourcePorts, localSourcePorts } from '#vitald/probes/raw/source-ports.js';

t.test('probes leave from ports that the kernel gives to nobody', async (t) => {
  t.same(chooseSourcePorts('32768\t60999\n'), { range: { first: 61_000, last: 64_999 } }, 'above the usual range');
  t.same(chooseSourcePorts('20000\t65000'), { range: { first: 65_001, last: 65_534 } }, 'in what is left above');
  t.same(chooseSourcePorts('20000\t65535'), { range: { first: 16_000, last: 19_999 } }, 'below, where there is nothing above');
});

t.test('where no port is free, the operator is told what to set', async (t) => {
  t.match(chooseSourcePorts('1024\t65535'), { range: { first: 61_000, last: 64_999 }, warning: /ip_local_reserved_ports/ });
});

t.test('where /proc/sys is hidden, the default of the kernel is assumed, and the operator is warned', async (t) => {
  const folder = t.testdir();
  t.match(localSourcePorts(join(folder, 'missing')), {
    range: { first: 61_000, last: 64_999 },
    warning: /cannot read .*missing \(ENOENT\): half-open probes leave from ports 61000-64999/,
  });
  t.match(localSourcePorts(folder), { range: { first: 61_000, last: 64_999 }, warning: /EISDIR/ });
  writeFileSync(join(folder, 'range'), '20000\t65000\n');
  t.same(localSourcePorts(join(folder, 'range')), { range: { first: 65_001, last: 65_534 } });
});
