import { httpAttacks } from '../support/fuzz/http.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(httpAttacks);
