import { testCodecContract } from '../codec.contract.ts';
import { createPair } from './testing/memory-pair.ts';

testCodecContract('HTTP/2', (server, client) => createPair(server, client));
