import { firewallAttacks } from '../support/fuzz/firewall.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(firewallAttacks);
