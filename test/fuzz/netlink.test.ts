import { netlinkAttacks } from '../support/fuzz/netlink.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(netlinkAttacks);
