import { peerAttacks } from '../support/fuzz/peers.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(peerAttacks);
