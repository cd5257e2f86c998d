import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, credentials, Server, ServerCredentials, type ServerReadableStream } from '@grpc/grpc-js';
import { loadLiveStatusService, type LiveReport } from './live-status-service.ts';

test('reports arrive as they were sent', async () => {
  const service = loadLiveStatusService();
  const server = new Server();
  const received: LiveReport[] = [];
  server.addService(service, {
    ReportLive(call: ServerReadableStream<LiveReport, object>, done: (error: null, end: object) => void) {
      call.on('data', (report: LiveReport) => received.push(report));
      call.on('end', () => done(null, {}));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = service.ReportLive;
  await new Promise<void>((resolve, reject) => {
    const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error) =>
      error === null ? resolve() : reject(error),
    );
    call.write({ nodeId: 'a', liveVersions: { 'type.googleapis.com/x': '1' } });
    call.end();
  });
  assert.deepEqual(received, [{ nodeId: 'a', liveVersions: { 'type.googleapis.com/x': '1' } }]);
  client.close();
  await new Promise((resolve) => server.tryShutdown(resolve));
});
