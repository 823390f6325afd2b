import { apiAttacks } from '../support/fuzz/api.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(apiAttacks);
