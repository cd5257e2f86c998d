import { measureMemory } from '../measure-memory.ts';
import type { Scenario } from '../scenario.ts';

export const idleMemory: Scenario = {
  name: 'idle-memory',
  summary: 'resident memory with one listener, one cluster, one worker, after one request',
  run: (options) => measureMemory('idle-memory', 0, options),
};
