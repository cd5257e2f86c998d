import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Client, Server, ServerCredentials, credentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { createAdsService } from './ads-service.ts';
import { openApiTable } from './api-table.ts';
import { packAny, unpackAny } from './any.ts';
import type { DiscoveryRequest, DiscoveryResponse } from './api.ts';
import { typeUrls } from './type-urls.ts';
import { loadApi } from './xds-api.ts';

const api = loadApi();
const adsService = createAdsService(api);

test('a stream carries requests as values and responses as values or as ready-made bytes', async () => {
  const server = new Server();
  const asked: DiscoveryRequest[] = [];
  const assignment = packAny(api, 'envoy.config.endpoint.v3.ClusterLoadAssignment', { clusterName: 'cart' });
  const readyMade = api.encode('envoy.service.discovery.v3.DiscoveryResponse', {
    versionInfo: 'b',
    resources: [assignment],
  });
  server.addService(adsService, {
    StreamAggregatedResources(stream: ServerDuplexStream<DiscoveryRequest, object>) {
      stream.on('data', (request: DiscoveryRequest) => {
        asked.push(request);
        stream.write({ versionInfo: 'a', nonce: '1' });
        stream.write(readyMade);
        stream.end();
      });
    },
    DeltaAggregatedResources(stream: ServerDuplexStream<object, object>) {
      stream.end();
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = adsService.StreamAggregatedResources;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const answers: DiscoveryResponse[] = [];
  stream.on('data', (response: DiscoveryResponse) => answers.push(response));
  stream.write({ typeUrl: typeUrls.clusterLoadAssignment, resourceNames: ['cart'], node: { id: 'n1' } });
  await once(stream, 'status');

  assert.equal(asked[0]?.node?.id, 'n1');
  assert.deepEqual(asked[0].resourceNames, ['cart']);
  assert.deepEqual([answers[0]?.versionInfo, answers[0]?.nonce, answers[1]?.versionInfo], ['a', '1', 'b']);
  const [resource] = answers[1]!.resources;
  assert.equal(
    unpackAny(api, resource!, 'envoy.config.endpoint.v3.ClusterLoadAssignment').clusterName,
    'cart',
  );
  client.close();
  server.forceShutdown();
});

test('the methods are those of the API', () => {
  const row = openApiTable().find('envoy.service.discovery.v3.AggregatedDiscoveryService');
  assert.ok(row !== undefined && 'methods' in row);
  assert.deepEqual(
    row.methods.map(([name, , , isClientStream, isServerStream]) => [name, isClientStream, isServerStream]),
    Object.values(adsService).map((method) => [
      method.originalName,
      method.requestStream,
      method.responseStream,
    ]),
  );
});
