import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import type { ClientStatusResponse } from '@heddle/shared/xds/api';
import { createClientStatusService } from '@heddle/shared/xds/client-status-service';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { describeOwnStatus, type ClientStatusView } from './admin/client-status.ts';
import { startClientStatusServer } from './client-status-server.ts';

const api = loadApi();
const bytes = api.encode('envoy.config.cluster.v3.Cluster', { name: 'a' });
const view: ClientStatusView = {
  node: { id: 'web-1', cluster: 'web' },
  types: () => [
    {
      typeUrl: typeUrls.cluster,
      resources: [
        { name: 'a', state: 'acked', version: '7', updatedAt: 1, bytes },
        { name: 'b', state: 'requested', version: '', updatedAt: 0 },
      ],
    },
  ],
};

test('CSDS over gRPC: an answer for each request of a stream and for one alone', async (context) => {
  const server = await startClientStatusServer({ address: '127.0.0.1', port: 0 }, api, (request) =>
    describeOwnStatus(api, view, request),
  );
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  context.after(() => {
    client.close();
    server.stop();
  });
  const { StreamClientStatus, FetchClientStatus } = createClientStatusService(api);
  const request = (more: object = {}) => api.create('envoy.service.status.v3.ClientStatusRequest', more);
  const fetchStatus = (more: object): Promise<ClientStatusResponse | ServiceError> =>
    new Promise((resolve) => {
      const { path, requestSerialize, responseDeserialize } = FetchClientStatus;
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request(more), (error, answer) =>
        resolve(error ?? answer!),
      );
    });
  const one = (await fetchStatus({ excludeResourceContents: true })) as ClientStatusResponse;
  const configs = one.config[0]!.genericXdsConfigs;
  assert.deepEqual(
    configs.map(({ clientStatus }) => clientStatus),
    ['ACKED', 'REQUESTED'],
  );
  assert.ok(configs.every(({ xdsConfig }) => xdsConfig === undefined));
  assert.match(((await fetchStatus({ nodeMatchers: [{}] })) as ServiceError).details, /node_matchers/);

  const { path, requestSerialize, responseDeserialize } = StreamClientStatus;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const answers: ClientStatusResponse[] = [];
  const ended = new Promise<void>((resolve) => stream.on('end', resolve));
  stream.on('data', (answer: ClientStatusResponse) => {
    answers.push(answer);
    if (answers.length === 1) stream.write(request());
    else stream.end();
  });
  stream.write(request());
  await ended;
  assert.equal(answers[1]!.config[0]!.node!.id, 'web-1');
});
