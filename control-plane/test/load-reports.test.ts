import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import type { ClusterStats, LoadStatsResponse } from '@heddle/shared/xds/api';
import { createLoadStatsService } from '@heddle/shared/xds/load-stats-service';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { withXds } from './xds-harness.ts';

const api = loadApi();

test('a proxy is asked for all clusters once, and is forgotten when its stream ends', async () => {
  await withXds(async ({ port, loads }) => {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = createLoadStatsService(api).StreamLoadStats;
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const message = (clusterStats: MessageInit<ClusterStats>[]) =>
      api.create('envoy.service.load_stats.v3.LoadStatsRequest', { node: { id: 'n' }, clusterStats });
    const asked: LoadStatsResponse[] = [];
    stream.on('data', (response: LoadStatsResponse) => {
      asked.push(response);
      stream.write(message([{ clusterName: 'cart', upstreamLocalityStats: [{ totalIssuedRequests: 20 }] }]));
      stream.end();
    });
    stream.write(message([]));
    await once(stream, 'end');
    assert.deepEqual(
      asked.map((one) => [one.sendAllClusters, one.loadReportingInterval]),
      [[true, { seconds: 5, nanos: 0 }]],
    );
    const [cart] = loads.list();
    assert.deepEqual([cart?.issuedCount, cart?.proxyCount], [20, 0]);
    client.close();
  });
});
