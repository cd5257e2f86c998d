/**
 * What Node is told beside the program of a plane. The young generation of a sidecar stays at 4 MiB a half, in each of
 * its threads: V8 would let it grow to 64 MiB while a large configuration is read, and keep it. Requests are gone long
 * before a half is full, so a smaller one costs them nothing (docs/decisions/start-and-memory.md).
 */
export const planeNodeOptions: Readonly<Record<'control-plane' | 'data-plane', readonly string[]>> = {
  'control-plane': [],
  'data-plane': ['--max-semi-space-size=4'],
};
