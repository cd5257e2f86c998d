import type { Surroundings } from './surroundings.ts';

export const exampleSurroundings: Surroundings = {
  keptServices: ['cart', 'web', 'stock'],
  extraServices: ['extra-1', 'extra-2'],
  backendPorts: Array.from({ length: 12 }, (_, index) => 9000 + index),
  ownPorts: [9100, 9101, 9102, 9103],
};
