import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { usePeer } from '@heddle/shared/testing/peers';
import { systemClock } from '@heddle/shared/time/clock';
import type { Json } from '../statistics/bootstrap-parts.ts';
import { runEnvoy } from '../statistics/envoy-process.ts';
import { isAccepting, startSidecarProcess } from '../statistics/sidecar-process.ts';
import { buildResources, operators, type HttpName } from './bootstrap.ts';
import { exchanges, http1Requests, smallAnswer, type Exchange } from './exchanges.ts';
import { sendHttp1, sendHttp2 } from './wire-client.ts';
import { halfRequest, http2Requests, reset, toHttp1Request, toHttp2Request } from './wire-messages.ts';
import type { Tally } from './wire-tally.ts';
import { startWireUpstream, type WireUpstream } from './wire-upstream.ts';

const envoy = usePeer('envoy');

type Line = Record<string, number>;
type Observed = Record<string, Line>;

/** What was sent on one connection, and what came to the peers. */
interface Sent {
  readonly name: string;
  readonly requestCount: number;
  readonly DOWNSTREAM: Tally;
  readonly UPSTREAM: Tally;
}

/** What is told apart by more than chance: operators by exchange, and why. */
const differences: Readonly<Record<string, { readonly operator: RegExp; readonly only?: HttpName }>> = {
  // We pass 103 on.
  '/hints': { operator: /^DOWNSTREAM_(DECOMPRESSED_)?HEADER_BYTES_SENT$/ },
  // Envoy writes its line before it has sent its answer, where the request is not complete.
  '/none-body': { operator: /^DOWNSTREAM_(WIRE|HEADER)_BYTES_SENT$/, only: 'http2' },
  // Envoy writes its line before it resets the upstream.
  'a reset': { operator: /^UPSTREAM_WIRE_BYTES_SENT$/ },
};

const setups = [
  { downstream: 'http1', upstreamHttp: 'http1', hasTrailers: true },
  { downstream: 'http1', upstreamHttp: 'http1', hasTrailers: false },
  { downstream: 'http1', upstreamHttp: 'http2', hasTrailers: true },
  { downstream: 'http2', upstreamHttp: 'http1', hasTrailers: true },
  { downstream: 'http2', upstreamHttp: 'http2', hasTrailers: true },
] as const;

for (const { downstream, ...setup } of setups) {
  const { upstreamHttp, hasTrailers } = setup;
  const name = `${downstream} to ${upstreamHttp}${hasTrailers ? '' : ', without trailers'}`;
  test(`bytes are counted as by a real Envoy: ${name}`, { skip: envoy.skip }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'byte-counts-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const upstream = await startWireUpstream(upstreamHttp);
    t.after(() => upstream.close());
    const ports = await findFreePorts(2);
    const observed: Observed[] = [];
    for (const [at, start] of [startEnvoy, startOwn].entries()) {
      const [port = 0, log] = [ports[at], join(folder, String(at))];
      await start(t, buildResources({ port, upstreamPort: upstream.port, log, ...setup }), port);
      observed.push(await observe(port, log, downstream, upstream));
    }
    const [expected = {}, own = {}] = observed;
    assert.deepEqual(Object.keys(own), Object.keys(expected));
    const found = Object.keys(own).flatMap((exchange) =>
      ['status', ...operators]
        .filter((operator) => own[exchange]?.[operator] !== expected[exchange]?.[operator])
        .filter((operator) => !isExplained(exchange, operator, downstream))
        .map((operator) => {
          const [ours, theirs] = [own[exchange]?.[operator], expected[exchange]?.[operator]];
          return `${exchange}: ${operator} ${ours}, Envoy ${theirs}`;
        }),
    );
    assert.deepEqual(found, []);
  });
}

function isExplained(name: string, operator: string, downstream: HttpName): boolean {
  const { operator: pattern, only = downstream } = differences[name] ?? {};
  return only === downstream && pattern?.test(operator) === true;
}

async function startEnvoy(t: TestContext, resources: Json, port: number): Promise<void> {
  const program = runEnvoy(envoy.path, { static_resources: resources });
  t.after(() => program.stop());
  await program.until(() => isAccepting(port));
}

async function startOwn(t: TestContext, resources: Json): Promise<void> {
  const sidecar = await startSidecarProcess(
    { static_resources: resources },
    { argv: ['--concurrency', '1'] },
  );
  t.after(() => sidecar.stop());
  await sidecar.portOf('in');
}

/** Line by line what was logged; of what was sent, how much more than came to the peer. */
async function observe(
  port: number,
  log: string,
  downstream: HttpName,
  upstream: WireUpstream,
): Promise<Observed> {
  const sent: Sent[] = [];
  const run = async (name: string, send: () => Promise<Tally>, requestCount: number): Promise<void> => {
    const client = await send();
    sent.push({ name, requestCount, DOWNSTREAM: client, UPSTREAM: { ...upstream.received } });
  };
  for (const exchange of exchanges) {
    upstream.expect(exchange.answers);
    await run(exchange.path, () => sendExchange(port, downstream, exchange), 1);
  }
  for (const [name, [bytes, count]] of Object.entries(downstream === 'http1' ? http1Requests : {})) {
    upstream.expect(Array.from({ length: count }, () => smallAnswer));
    await run(name, () => sendHttp1(port, bytes, count, false), count);
  }
  for (const [name, bytes] of Object.entries(downstream === 'http2' ? http2Requests : {})) {
    upstream.expect([smallAnswer]);
    await run(name, () => sendHttp2(port, bytes), 1);
  }
  if (downstream === 'http2') {
    upstream.expect([]);
    const isForwarded = (): boolean => upstream.received.wireBytes > 0;
    await run('a reset', () => sendHttp2(port, halfRequest, { bytes: reset, isForwarded }), 1);
  }
  const lineCount = sent.reduce((sum, { requestCount }) => sum + requestCount, 0);
  const options = { clock: systemClock, deadlineMs: 10_000 };
  const lines = await waitUntil('every line', () => linesOf(log, lineCount), options);
  const observed: Observed = {};
  for (const each of sent) {
    const own = lines.splice(0, each.requestCount);
    relate(own, each);
    own.forEach((line, at) => (observed[own.length === 1 ? each.name : `${each.name} ${at}`] = line));
  }
  return observed;
}

function sendExchange(port: number, downstream: HttpName, exchange: Exchange): Promise<Tally> {
  return downstream === 'http1'
    ? sendHttp1(port, toHttp1Request(exchange), 1, exchange.method === 'HEAD')
    : sendHttp2(port, toHttp2Request(exchange));
}

function linesOf(log: string, count: number): Line[] | undefined {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
  if (lines.length < count) return undefined;
  const columns = ['status', ...operators];
  return lines.map((line) =>
    Object.fromEntries(line.split(' ').map((word, at) => [columns[at] ?? '', Number(word)])),
  );
}

/**
 * What a proxy sends is its own, and is right when its peer counts as much. Of several requests the last line gets the
 * difference. HTTP/1.1 counts no header bytes here: both proxies write the same fields.
 */
function relate(lines: readonly Line[], sent: Sent): void {
  for (const side of ['DOWNSTREAM', 'UPSTREAM'] as const) {
    const { wireBytes, headerBytes } = sent[side];
    const counts = [
      ['WIRE', wireBytes] as const,
      ...(headerBytes > 0 ? [['HEADER', headerBytes] as const] : []),
    ];
    for (const [kind, bytes] of counts) {
      let leftBytes = -bytes;
      for (const line of lines) {
        leftBytes += line[`${side}_${kind}_BYTES_SENT`] ?? 0;
        line[`${side}_${kind}_BYTES_SENT`] = line === lines.at(-1) ? leftBytes : 0;
      }
    }
  }
}
