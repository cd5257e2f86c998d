import { measureMemory } from '../measure-memory.ts';
import type { Scenario } from '../scenario.ts';

export const clustersMemory: Scenario = {
  name: 'clusters-memory',
  summary: 'resident memory with 1,000 clusters × 10 endpoints in the file',
  run: (options) => measureMemory('clusters-memory', 1000, options),
};
