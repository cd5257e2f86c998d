import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { createHarness } from '../harness/harness.ts';
import { buildGoProgram, type GoProgram } from './build-go-program.ts';
import { grpcGoSource } from './matrix/grpc-clients.ts';
import { buildInteropPage, interopPagePath } from './matrix/interop-page.ts';
import { runMatrix } from './matrix/run-matrix.ts';

const envoy = usePeer('envoy');
const go = usePeer('go');
const grpcio = usePeer('grpcio');
const skip = [envoy, go, grpcio].map((peer) => peer.skip).find((reason) => reason !== false) ?? false;

let grpcGo: GoProgram | undefined;
before(async () => {
  if (skip === false) grpcGo = await buildGoProgram(go.path, grpcGoSource);
});
after(() => grpcGo?.[Symbol.dispose]());

test('docs/interop.md says what every client does (npm run interop)', { skip }, async () => {
  assert.ok(grpcGo);
  await using harness = createHarness('interop-matrix');
  const cells = await runMatrix(harness, { envoy: envoy.path, python: grpcio.path, grpcGo: grpcGo.path });
  assert.deepEqual(cells.failures(), []);
  assert.equal(readFileSync(interopPagePath, 'utf8'), buildInteropPage(cells));
});
