import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server, ServerCredentials, type ServerReadableStream } from '@grpc/grpc-js';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { loadLiveStatusService, type LiveReport } from '@heddle/shared/status/live-status-service';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { createLiveReporter } from './live-reporter.ts';

async function startServer(port = 0, isOffered = true) {
  const server = new Server();
  const reports: LiveReport[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  if (isOffered) {
    server.addService(loadLiveStatusService(), {
      ReportLive(call: ServerReadableStream<LiveReport, object>, done: (error: null, end: object) => void) {
        call.on('data', (report: LiveReport) => {
          reports.push(report);
          for (const { count, resolve } of waiters) if (reports.length >= count) resolve();
        });
        call.on('end', () => done(null, {}));
      },
    });
  }
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${bound}`,
    port: bound,
    reports,
    received: (count: number) =>
      new Promise<void>((resolve) => {
        waiters.push({ count, resolve });
        if (reports.length >= count) resolve();
      }),
    stop: () => server.forceShutdown(),
  };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

test('the first report holds everything, later ones what changed; a server that comes back hears everything', async () => {
  const clock = createFakeClock();
  const server = await startServer();
  const live = new Map([['cds', '1']]);
  const reporter = createLiveReporter({
    nodeId: 'n',
    address: () => server.address,
    liveVersions: () => live,
    clock,
    logger: createSilentLogger(),
  });
  reporter.report(new Map([['cds', '1']]));
  await server.received(1);
  live.set('lds', '2');
  reporter.report(new Map([['lds', '2']]));
  await server.received(2);
  assert.deepEqual(
    server.reports.map(({ liveVersions }) => liveVersions),
    [{ cds: '1' }, { lds: '2' }],
  );
  server.stop();
  await until(() => clock.pendingTimerCount > 0);
  const again = await startServer(server.port);
  clock.advance(2000);
  await again.received(1);
  assert.deepEqual(again.reports[0], { nodeId: 'n', liveVersions: { cds: '1', lds: '2' } });
  reporter.stop();
  again.stop();
});

test('a control plane without the service is asked once', async () => {
  const clock = createFakeClock();
  const server = await startServer(0, false);
  const messages: unknown[] = [];
  let askedCount = 0;
  const logger = Object.assign(createSilentLogger(), {
    info: (message: unknown) => void messages.push(message),
  });
  const reporter = createLiveReporter({
    nodeId: 'n',
    address() {
      askedCount += 1;
      return server.address;
    },
    liveVersions: () => new Map(),
    clock,
    logger,
  });
  reporter.report(new Map());
  await until(() => messages.length > 0);
  assert.deepEqual(messages, ['the control plane takes no live reports']);
  assert.equal(clock.pendingTimerCount, 0);
  reporter.report(new Map());
  assert.equal(askedCount, 1);
  reporter.stop();
  server.stop();
});
