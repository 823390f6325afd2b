import { stateFileAttacks } from '../support/fuzz/state-files.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(stateFileAttacks);
