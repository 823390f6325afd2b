import t from 'tap';
import { addressKey, addressOfKey } from '#vitald/probes/raw/addresses.js';

t.test('an address and its key lead to each other', async (t) => {
  t.equal(addressKey('10.0.0.254'), '0a0000fe');
  t.equal(addressKey('fd77::FE%eth0'), 'fd7700000000000000000000000000fe');
  for (const address of ['0.0.0.0', '10.0.0.254', '::1', 'fd77::fe', '2001:db8:0:1::']) t.equal(addressOfKey(addressKey(address)), address);
});
