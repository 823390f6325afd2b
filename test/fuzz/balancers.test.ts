import { balancerAttacks } from '../support/fuzz/balancers.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(balancerAttacks);
