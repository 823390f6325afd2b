import { textAttacks } from '../support/fuzz/texts.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(textAttacks);
