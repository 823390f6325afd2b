import { packetAttacks } from '../support/fuzz/packets.js';
import { testAttacks } from '../support/fuzz/suite.js';

testAttacks(packetAttacks);
