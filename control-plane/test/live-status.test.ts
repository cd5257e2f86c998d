import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { loadLiveStatusService } from '@heddle/shared/status/live-status-service';
import { nodeNamed } from './ads-client.ts';
import { CDS, LDS, withXds } from './xds-harness.ts';

const { path, requestSerialize, responseDeserialize } = loadLiveStatusService().ReportLive;

test('what a sidecar reports as live is shown beside what it acknowledged', async () => {
  let failure: ServiceError | undefined;
  let client: Client | undefined;
  await withXds(async ({ snapshots, nodes, sotw, port }) => {
    snapshots.set({ clusters: { a: '1' } });
    const ads = sotw();
    ads.send({ node: nodeNamed('n1'), typeUrl: CDS });
    await ads.next(CDS);
    assert.equal(nodes.get('n1')?.liveVersion, undefined);

    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error) => {
      failure = error ?? undefined;
    });
    const liveOf = (typeUrl: string) =>
      nodes.get('n1')?.types.find((type) => type.typeUrl === typeUrl)?.liveVersion;
    call.write({ nodeId: 'n1', liveVersions: { [CDS]: 'c1', [LDS]: 'l1' } });
    await ads.until(() => liveOf(CDS) === 'c1', 'first report');
    const first = nodes.get('n1')?.liveVersion;
    // Later reports need not name the node, and hold what changed only.
    call.write({ nodeId: '', liveVersions: { [CDS]: 'c2' } });
    await ads.until(() => liveOf(CDS) === 'c2', 'second report');
    assert.notEqual(nodes.get('n1')?.liveVersion, first);
    assert.equal(nodes.get('nobody'), undefined);
  });
  assert.match(failure?.details ?? '', /the control plane stops/);
  client?.close();
});
