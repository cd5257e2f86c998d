import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import {
  flagAck,
  frameGoAway,
  framePing,
  framePriority,
  frameRstStream,
  frameSettings,
  frameWindowUpdate,
  maxStreamId,
} from '../../src/codec/http2/protocol.ts';
import { clientRequests, methodOf } from './client-requests.ts';
import { preface } from './describe-parts.ts';
import { dataUnits, generateBody, generateFields, headerUnit, type Unit } from './generate-message.ts';
import { frame, setting, uint32, type Part } from './part.ts';
import { interleave, oneIn, pick, shuffle } from './pick.ts';
import type { Fields } from './reading.ts';

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD'];
const segments = ['a', 'b%20c', '%C3%A9', '', '..', 'x;y=z', "!$&'()*+,="];

/** What one client sends: several requests at a time, and every frame that a client may send, in any order. */
export function generateClientConnection(rng: Rng): Part[] {
  const count = 1 + randomInteger(rng, 4);
  const order = interleave(
    rng,
    Array.from({ length: count }, (_, index) => requestUnits(rng).map((unit) => [index, unit] as const)),
  );
  const ids = new Map<number, number>();
  let nextId = 1;
  const units = order.map(([index, unit]) => {
    let id = ids.get(index);
    if (id === undefined) {
      id = nextId;
      ids.set(index, id);
      nextId += pick(rng, [2, 2, 2, 4, 10]);
    }
    return onStream(unit, id);
  });
  return [preface, ...finishConnection(rng, units, 'client')];
}

/** What one server answers to `clientRequests`, and says besides. */
export function generateServerConnection(rng: Rng): Part[] {
  const ids = clientRequests.map((_, index) => 2 * index + 1);
  const units = interleave(
    rng,
    ids.map((id) => answerUnits(rng, id)),
  );
  return finishConnection(rng, units, 'server');
}

/** SETTINGS first, then the streams' frames with those of the connection between them. */
function finishConnection(rng: Rng, units: readonly Unit[], side: 'client' | 'server'): Part[] {
  const own: Unit[] = Array.from({ length: randomInteger(rng, 4) }, () => [connectionFrame(rng, side)]);
  if (oneIn(rng, 2)) own.push([frame(frameSettings, flagAck, 0)]);
  const all = interleave(rng, [units, own]).flat();
  const settings = frame(frameSettings, 0, 0, oneIn(rng, 2) ? '' : validSettings(rng, side));
  // Of a client it names streams that the server opened; of a server those that it answers.
  const lastId = side === 'client' ? 0 : pick(rng, [0, 1, 3, 5, 7, maxStreamId]);
  const last = oneIn(rng, 10) ? [frame(frameGoAway, 0, 0, `${uint32(lastId)}${uint32(0)}bye`)] : [];
  return [settings, ...all, ...last];
}

function connectionFrame(rng: Rng, side: 'client' | 'server'): Part {
  switch (randomInteger(rng, 5)) {
    case 0:
      return frame(framePing, 0, 0, 'pingping');
    case 1:
      return frame(framePriority, 0, 201 + 2 * randomInteger(rng, 9), uint32(pick(rng, [0, 301])) + '\x10');
    case 2:
      return frame(
        11 + randomInteger(rng, 200),
        randomInteger(rng, 256),
        randomInteger(rng, 9),
        generateBody(rng),
      );
    case 3:
      return frame(frameWindowUpdate, 0, 0, uint32(1 + randomInteger(rng, 10_000)));
    default:
      return frame(frameSettings, 0, 0, validSettings(rng, side));
  }
}

function validSettings(rng: Rng, side: 'client' | 'server'): string {
  const all = [
    setting(1, pick(rng, [0, 64, 4_096, 65_536])),
    setting(2, side === 'server' ? 0 : randomInteger(rng, 2)),
    setting(3, pick(rng, [100, 2 ** 31, 2 ** 32 - 1])),
    setting(4, pick(rng, [0, 65_535, 1_000_000])),
    setting(5, pick(rng, [16_384, 16_777_215])),
    setting(6, pick(rng, [100_000, 2 ** 32 - 1])),
    setting(0x99, randomInteger(rng, 2 ** 31)),
  ];
  return shuffle(rng, all).slice(0, randomInteger(rng, 5)).join('');
}

function requestUnits(rng: Rng): Unit[] {
  if (oneIn(rng, 8)) return connectUnits(rng);
  const body = generateBody(rng);
  const hasBody = body !== '' || oneIn(rng, 4);
  const pseudo = shuffle(rng, [
    [':method', pick(rng, methods)],
    [':scheme', pick(rng, ['http', 'https'])],
    [':path', generatePath(rng)],
    ...authority(rng),
  ] as const);
  const length = oneIn(rng, 3) ? [['content-length', String(body.length)] as const] : [];
  const te = oneIn(rng, 6) ? [['te', 'trailers'] as const] : [];
  const host = pseudo.some(([name]) => name === ':authority') ? [] : [['host', 'a.test'] as const];
  const fields = shuffle(rng, [...generateFields(rng), ...length, ...te, ...host]);
  return messageUnits(rng, 0, [...pseudo, ...fields], hasBody ? body : undefined);
}

function authority(rng: Rng): Fields {
  return oneIn(rng, 6) ? [] : [[':authority', pick(rng, ['a.test', 'a.test:8080', '[::1]:80'])]];
}

/** CONNECT, plain or extended, with bytes of the tunnel. */
function connectUnits(rng: Rng): Unit[] {
  const method = [':method', 'CONNECT'] as const;
  const head: Fields = oneIn(rng, 2)
    ? [method, [':authority', 'a.test:443']]
    : [
        method,
        [':protocol', pick(rng, ['websocket', 'x-other'])],
        [':scheme', 'https'],
        [':path', generatePath(rng)],
        [':authority', 'a.test'],
      ];
  const fields = generateFields(rng);
  return [
    headerUnit(rng, 0, [...head, ...fields], false),
    ...(oneIn(rng, 2) ? dataUnits(rng, 0, generateBody(rng), oneIn(rng, 2)) : []),
  ];
}

function answerUnits(rng: Rng, streamId: number): Unit[] {
  const informational = Array.from({ length: oneIn(rng, 4) ? 1 + randomInteger(rng, 2) : 0 }, () =>
    headerUnit(rng, streamId, [[':status', pick(rng, ['100', '103'])], ...generateFields(rng)], false),
  );
  const status = pick(rng, ['200', '201', '206', '204', '304', '404', '500', '503']);
  const isBodiless = methodOf(streamId) === 'HEAD' || status === '204' || status === '304';
  const body = isBodiless || oneIn(rng, 5) ? undefined : generateBody(rng);
  const hasLength = oneIn(rng, 3) && status !== '204';
  const length = hasLength ? [['content-length', String(body?.length ?? (isBodiless ? 5 : 0))] as const] : [];
  const fields = shuffle(rng, [...generateFields(rng), ...length]);
  return [...informational, ...messageUnits(rng, streamId, [[':status', status], ...fields], body)];
}

/** Head, body and trailers; some messages are given up instead. Without a body the head ends it. */
function messageUnits(rng: Rng, streamId: number, head: Fields, body: string | undefined): Unit[] {
  if (body === undefined) return [headerUnit(rng, streamId, head, true)];
  const hasTrailers = oneIn(rng, 4);
  const isGivenUp = !hasTrailers && oneIn(rng, 10);
  const units = [
    headerUnit(rng, streamId, head, false),
    ...(body === '' && hasTrailers ? [] : dataUnits(rng, streamId, body, !hasTrailers && !isGivenUp)),
  ];
  if (hasTrailers)
    units.push(headerUnit(rng, streamId, [['x-trailer', 'a b'], ...generateFields(rng)], true));
  if (isGivenUp) units.push([frame(frameRstStream, 0, streamId, uint32(8))]);
  return units;
}

function generatePath(rng: Rng): string {
  let path = '';
  for (let left = 1 + randomInteger(rng, 3); left > 0; left--) path += `/${pick(rng, segments)}`;
  return path + pick(rng, ['', '', '?', '?a=b&c', '?x/y?z']);
}

function onStream(unit: Unit, streamId: number): Unit {
  return unit.map((part) => (part.kind === 'frame' ? { ...part, streamId } : part));
}
