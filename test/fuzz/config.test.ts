import { configAttacks } from '../support/fuzz/config.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(configAttacks);
