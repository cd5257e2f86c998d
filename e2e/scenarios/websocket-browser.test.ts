import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { createHarness, until } from '../harness/harness.ts';
import { instance, service } from '../harness/objects.ts';
import { startControlPlane, startSidecar, untilReachable } from '../harness/parts.ts';
import { startEchoServer } from '../load/websocket-echo.ts';

const chromium = usePeer('chromium');

/** Sends texts of up to 70,000 characters, compares the echoes, and tells the server what came of it. */
const page = `<!doctype html><title>chat</title><script>
const tell = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
const socket = new WebSocket('ws://' + location.host + '/');
const texts = Array.from({ length: 200 }, (_, index) => String(index).repeat((index * 97) % 20000));
let echoed = 0;
socket.onopen = () => texts.forEach((text) => socket.send(text));
socket.onmessage = ({ data }) => {
  if (data !== texts[echoed]) tell({ different: echoed });
  if (++echoed === texts.length) socket.close(1000, 'done');
};
socket.onclose = ({ code, reason, wasClean }) => tell({ echoed, code, wasClean });
socket.onerror = () => tell({ error: true });
</script>`;

test('a page in a browser speaks WebSocket through two sidecars', { skip: chromium.skip }, async () => {
  await using harness = createHarness('websocket-browser');
  let result: string | undefined;
  const [controlPlane, echo] = await Promise.all([
    startControlPlane(harness),
    startEchoServer((request, response) => {
      if (request.url !== '/result') {
        response.setHeader('content-type', 'text/html');
        response.end(page);
        return;
      }
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        result ??= body;
        response.end();
      });
    }),
  ]);
  harness.onEnd(() => echo.close());
  const { rest } = controlPlane;
  await rest.apply(service('chat'));
  const [client, server] = await Promise.all([
    startSidecar(harness, { id: 'client', controlPlane, upstreams: ['chat'] }),
    startSidecar(harness, { id: 'server', controlPlane, service: 'chat', appPort: echo.port }),
  ]);
  await rest.apply(instance('chat', 'chat-1', server.inboundPort));
  await untilReachable(client, 'chat');

  const profile = mkdtempSync(path.join(tmpdir(), 'heddle-chromium-'));
  const browser = await harness.start(
    {
      name: 'chromium',
      command: [
        chromium.path,
        ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', `--user-data-dir=${profile}`],
        `--host-resolver-rules=MAP chat:80 127.0.0.1:${client.outboundPort}`,
        'http://chat/',
      ],
    },
    () => Promise.resolve(true),
  );
  await until('the page has told what came of it', () => result, 30_000);
  await browser.stop(5_000);
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  assert.deepEqual(JSON.parse(result ?? ''), { echoed: 200, code: 1000, wasClean: true });
});
