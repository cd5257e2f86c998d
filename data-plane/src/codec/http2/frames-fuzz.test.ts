import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRng, randomInteger, type Rng } from '@heddle/shared/random/rng';
import { HeaderMap } from '../header-map.ts';
import { RecordedResponse } from '../testing/recording-client.ts';
import { frameGoAway } from './protocol.ts';
import { buildFrame } from './testing/build-frame.ts';
import {
  getRequest,
  postRequest,
  ScriptedClient,
  ScriptedServer,
  setting,
  uint32,
  type Fields,
} from './testing/scripted-peer.ts';

const roundCount = 400;
const framesPerRound = 60;

const fieldsToSend: readonly Fields[] = [
  getRequest,
  postRequest,
  [[':status', '200']],
  [[':status', '103']],
  [
    [':status', '200'],
    ['content-length', '5'],
  ],
  [...postRequest, ['content-length', '3']],
  [['x-trailer', '1']],
  [...getRequest, ['x-long', 'x'.repeat(3_000)]],
];

/** A frame that a peer may send in the state that it is in; `openedCount` streams were opened. */
function tameFrame(rng: Rng, peer: ScriptedClient | ScriptedServer, openedCount: number): Buffer {
  const pick = (bound: number): number => randomInteger(rng, bound);
  const someId = 2 * pick(openedCount + 1) + 1;
  const isOpened = someId < 2 * openedCount;
  switch (pick(6)) {
    case 0:
      return buildFrame(4, 0, 0, setting(4, pick(100_000)));
    case 1:
      return buildFrame(6, 0, 0, '12345678');
    case 2:
      return buildFrame(11 + pick(200), pick(256), someId, Buffer.alloc(pick(40)));
    case 3:
      return isOpened
        ? buildFrame(8, 0, someId, uint32(1 + pick(10_000)))
        : buildFrame(2, 0, someId, '\0\0\0\0x');
    case 4:
      return isOpened ? buildFrame(3, 0, someId, uint32(8)) : buildFrame(6, 1, 0, '12345678');
    default:
      return peer instanceof ScriptedClient
        ? peer.headers(2 * openedCount + 1, postRequest, pick(3) === 0)
        : buildFrame(6, 0, 0, '87654321');
  }
}

/** A frame that makes sense, one that is nearly one, or noise. */
function wildFrame(rng: Rng, peer: ScriptedClient | ScriptedServer): Buffer {
  const pick = (bound: number): number => randomInteger(rng, bound);
  const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => pick(256)));
  const streamId = pick(12) === 0 ? pick(2 ** 31) : pick(14);
  switch (pick(12)) {
    case 0:
    case 1:
    case 2:
      return peer.headers(streamId, fieldsToSend[pick(fieldsToSend.length)] ?? [], pick(2) === 0);
    case 3:
    case 4:
      return buildFrame(0, pick(2), streamId, Buffer.alloc(pick(300), 'd'));
    case 5:
      return buildFrame(8, 0, streamId, uint32(pick(3) === 0 ? pick(2 ** 31) : pick(1_000)));
    case 6:
      return buildFrame(
        4,
        pick(2),
        0,
        pick(4) === 0 ? '' : setting(1 + pick(8), pick(3) === 0 ? pick(2 ** 32) : pick(100_000)),
      );
    case 7:
      return buildFrame(3, 0, streamId, uint32(pick(14)));
    case 8:
      return buildFrame(6, pick(2), 0, noise(8));
    case 9:
      return buildFrame(pick(11), pick(64), streamId, noise(pick(40)));
    case 10:
      return buildFrame(1, pick(64), streamId, peer.block(getRequest));
    default:
      return pick(20) === 0
        ? noise(30)
        : buildFrame(7, 0, 0, Buffer.concat([uint32(pick(20)), uint32(pick(3))]));
  }
}

/** Feeds a round of frames, cut anywhere; says how many GOAWAYs with an error were written. */
function runRound(
  rng: Rng,
  peer: ScriptedClient | ScriptedServer,
  countOpened: () => number,
  act: () => void,
): number {
  let goAwayCount = 0;
  let writtenBehind = 0;
  // In some rounds every frame may be wrong, in others one in 200 is.
  const tameness = randomInteger(rng, 2) * 199 + 1;
  for (let index = 0; index < framesPerRound; index++) {
    const isWild = randomInteger(rng, tameness) === 0;
    const frame = isWild ? wildFrame(rng, peer) : tameFrame(rng, peer, countOpened());
    const cut = randomInteger(rng, frame.length + 1);
    peer.feed(frame.subarray(0, cut));
    act();
    peer.feed(frame.subarray(cut));
    for (const { type, payload } of peer.take()) {
      if (goAwayCount > 0) writtenBehind++;
      if (type === frameGoAway && payload.readUInt32BE(4) !== 0) goAwayCount++;
    }
  }
  assert.equal(writtenBehind, 0, 'frames behind the last one');
  assert.ok((peer.gauges.get('pending_send_bytes') ?? 0) <= 2 * 1024 * 1024);
  peer.codec.onClose('end');
  assert.equal(peer.codec.activeStreamCount, 0);
  assert.equal(peer.gauges.get('streams_active') ?? 0, 0);
  assert.equal(peer.gauges.get('pending_send_bytes') ?? 0, 0);
  return goAwayCount;
}

test('whatever a client sends, a server codec does not throw, and gives up at most once', () => {
  let survivors = 0;
  for (let seed = 1; seed <= roundCount; seed++) {
    const rng = createSeededRng(seed);
    const client = new ScriptedClient({ isStreamErrorOnInvalidMessage: seed % 2 === 0 });
    const goAwayCount = runRound(
      rng,
      client,
      () => client.requests.length,
      () => {
        const request = client.requests[randomInteger(rng, client.requests.length + 1)];
        const action = randomInteger(rng, 4);
        if (action === 0) request?.answer('200', 'x'.repeat(randomInteger(rng, 40_000)));
        else if (action === 1) request?.encoder.readDisable(true);
        else if (action === 2 && randomInteger(rng, 4) === 0) request?.encoder.resetStream();
      },
    );
    assert.ok(goAwayCount <= 1, `seed ${seed}`);
    assert.equal(client.errors.length, goAwayCount, `seed ${seed}`);
    for (const { endCount, reset } of client.requests)
      assert.ok(endCount <= 1 && (endCount === 0 || reset !== ''));
    if (goAwayCount === 0) survivors++;
  }
  // Otherwise the frames would only ever test the first mistake.
  assert.ok(survivors > roundCount / 10, `${survivors} connections survived`);
});

test('whatever a server sends, a client codec does not throw, and gives up at most once', () => {
  for (let seed = 1; seed <= roundCount; seed++) {
    const rng = createSeededRng(seed);
    const server = new ScriptedServer({ isStreamErrorOnInvalidMessage: seed % 2 === 0 });
    const responses: RecordedResponse[] = [];
    const goAwayCount = runRound(
      rng,
      server,
      () => responses.length,
      () => {
        if (randomInteger(rng, 3) !== 0) return;
        const response = new RecordedResponse();
        const encoder = server.codec.newStream(response);
        encoder.setCallbacks(response);
        encoder.encodeHeaders(HeaderMap.of(Object.fromEntries(postRequest)), randomInteger(rng, 2) === 0);
        encoder.encodeData(Buffer.alloc(randomInteger(rng, 2_000)), true);
        responses.push(response);
      },
    );
    assert.ok(goAwayCount <= 1, `seed ${seed}`);
    assert.equal(server.errors.length, goAwayCount, `seed ${seed}`);
    for (const { endCount } of responses) assert.ok(endCount <= 1, `seed ${seed}`);
  }
});
