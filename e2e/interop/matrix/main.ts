import { writeFileSync } from 'node:fs';
import { findPeer, type PeerName } from '@heddle/shared/testing/peers';
import { createHarness } from '../../harness/harness.ts';
import { buildGoProgram } from '../build-go-program.ts';
import { grpcGoSource } from './grpc-clients.ts';
import { buildInteropPage, interopPagePath } from './interop-page.ts';
import { runMatrix } from './run-matrix.ts';

/** `npm run interop`: runs the matrix and writes docs/interop.md, unless something failed. */
function programOf(name: PeerName): string {
  const found = findPeer(name);
  if (found === undefined) throw new Error(`${name} is missing`);
  return found;
}

const go = programOf('go');
const [envoy, python] = [programOf('envoy'), programOf('grpcio')];
using grpcGo = await buildGoProgram(go, grpcGoSource);
await using harness = createHarness('interop-matrix');
const startedMs = performance.now();
const cells = await runMatrix(harness, { envoy, python, grpcGo: grpcGo.path }, (step) => {
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(1)} s  ${step}`);
});
const failures = cells.failures();
for (const failure of failures) console.error(failure);
if (failures.length === 0) writeFileSync(interopPagePath, buildInteropPage(cells));
else process.exitCode = 1;
