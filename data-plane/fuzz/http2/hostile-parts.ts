import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import { field, frame, setting, uint32, type FieldPart, type FramePart, type Part } from './part.ts';
import { oneIn, pick } from './pick.ts';

const numbers = [0, 1, 2, 3, 5, 7, 9, 2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1];

const increments = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 5];

const settings = [
  setting(2, 2),
  setting(2, 1),
  setting(3, 0),
  setting(4, 2 ** 31 - 1),
  setting(4, 2 ** 31),
  setting(5, 16_383),
  setting(5, 16_777_216),
  setting(6, 0),
  setting(8, 1),
  setting(8, 2),
  setting(8, 1) + setting(8, 0),
  setting(1, 2 ** 32 - 1),
  setting(1, 0) + setting(1, 4_096),
  setting(4, 0) + setting(4, 2 ** 31),
  setting(9, 1).slice(0, 5),
];

/** Frames that are wrong, or wrong here. */
export function hostileFrame(rng: Rng): FramePart {
  const streamId = pick(rng, numbers);
  switch (randomInteger(rng, 12)) {
    case 0:
      return frame(4, pick(rng, [0, 0, 0, 1]), pick(rng, [0, 0, 0, 1]), pick(rng, settings));
    case 1:
      return frame(8, 0, pick(rng, [0, 1, 3, streamId]), uint32(pick(rng, increments)));
    case 2:
      return frame(8, 0, streamId, '\0\0\x01'.slice(randomInteger(rng, 3)));
    case 3:
      return frame(3, 0, streamId, uint32(pick(rng, [0, 1, 7, 8, 99])).slice(oneIn(rng, 4) ? 1 : 0));
    case 4:
      return frame(
        6,
        pick(rng, [0, 1, 0xff]),
        pick(rng, [0, 0, 1]),
        pick(rng, ['pingping', 'short', 'much too long']),
      );
    case 5:
      return frame(7, 0, pick(rng, [0, 0, 0, 1]), pick(rng, goAways));
    case 6:
      return frame(2, 0, streamId, pick(rng, [uint32(streamId), uint32(0), '\0\0']) + '\x10');
    case 7:
      return frame(9, pick(rng, [0, 4]), streamId, pick(rng, ['', '\x82']));
    case 8:
      return frame(5, 4, streamId, uint32(pick(rng, [2, 3, 4])) + '\x82\x86\x84\x41\x01a');
    case 9:
      return frame(0, pick(rng, [0, 1]), streamId, pick(rng, ['', 'x']));
    case 10:
      return frame(1, pick(rng, [4, 5, 0, 1]), streamId, pick(rng, blocks));
    default:
      return frame(pick(rng, [10, 11, 16, 200, 255]), pick(rng, [0, 0xff]), streamId, 'unknown');
  }
}

const goAways = [
  uint32(0) + uint32(0),
  uint32(0) + uint32(1) + 'why',
  uint32(1) + uint32(0),
  uint32(3) + uint32(2),
  uint32(2 ** 31 - 1) + uint32(0),
  uint32(0),
];

/** A request, an answer, trailers, nothing, and what is no block. */
const blocks = [
  '\x82\x86\x84\x41\x01a',
  '\x83\x86\x84\x41\x01a',
  '\x88',
  '\x40\x01x\x01y',
  '',
  '\xff',
  '\x80',
  '\xbe',
  '\x3f\xe2\x1f',
  '\x82\x20',
];

const names = [
  'X-A',
  'x a',
  'x\0',
  'x:',
  'x\r\n',
  '',
  ':',
  ':x',
  ':status',
  ':method',
  ':path',
  ':scheme',
  ':authority',
  ':protocol',
  ':Path',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'host',
  'content-length',
  'cookie',
  'expect',
  'trailer',
  'sec-websocket-key',
  'x\x80',
  'x\x7f',
  '"x"',
];
const values = [
  '',
  ' ',
  'a\r\nx: y',
  'a\nb',
  'a\0b',
  'a\rb',
  ' a',
  'a\t',
  'a\x7f',
  'a\x01',
  '\xff\x80',
  'chunked',
  'trailers',
  'trailers, deflate',
  'close',
  '0',
  '5',
  '05',
  '+5',
  '5, 5',
  '99999999999999999999',
  '1e1',
  '-1',
  '100-continue',
  'websocket',
];
const pseudoValues: Readonly<Record<string, readonly string[]>> = {
  ':method': ['', 'get', 'CONNECT', 'G ET', 'GET /x', 'HEAD', 'FOO', 'GET\r\n', 'OPTIONS', 'PRI'],
  ':path': [
    '',
    '*',
    'a',
    '/a b',
    '/#f',
    '/\xe9',
    '/\x7f',
    'http://b/',
    '//',
    '/\t',
    '/ HTTP/1.1\r\nx: y',
    '/"<>\\^`{|}',
  ],
  ':scheme': ['', 'ftp', 'HTTP', '9', 'http ', 'https://', 'ht\0tp', 'a+b-c.d'],
  ':authority': [
    '',
    'a b',
    'u@a',
    'a:x',
    '[::1',
    'a/b',
    'a,b',
    'a\xe9',
    'A.TEST',
    'a:',
    ':80',
    'a:1:2',
    'a?b',
    'a#b',
  ],
  ':status': ['', '99', '1000', '200 OK', '101', '600', '0200', '2x0', '100', '204', '999', '20\r'],
  ':protocol': ['', 'websocket', 'a b', 'web/socket', 'h2c, websocket', 'WebSocket'],
  host: ['', 'b.test', 'a b', 'u@a', 'A.TEST', 'a,b'],
};

/** The same field with another name, another value, or both. */
export function hostileField(rng: Rng, given: FieldPart): FieldPart {
  const name = oneIn(rng, 2) ? pick(rng, names) : given.name;
  const own = pseudoValues[name];
  const list = own !== undefined && !oneIn(rng, 3) ? own : values;
  return { ...given, name, value: oneIn(rng, 4) ? given.value : pick(rng, list) };
}

export function addedField(rng: Rng): FieldPart {
  return hostileField(
    rng,
    field('x-a', 'b', pick(rng, ['incremental', 'without', 'never'] as const), oneIn(rng, 2)),
  );
}

const blockBytes = [
  '\x80',
  '\xbe',
  '\xff\x80\x80\x80\x80\x01',
  '\xff\xff\xff\xff\xff\xff\xff',
  '\x7f\x00',
  '\x40',
  '\x00\x05x',
  '\x40\x82\xff\xff\x01a',
  '\x40\x01x\x81\xff',
  '\x40\x01x\x81\x1e',
  '\x40\x80\x00',
  '\x0f\x00\x01a',
  '\x1f\x2f\x01a',
  '\x3f\xe1\x1f',
  '\x3f\xe2\x1f',
  '\x20',
  '\x3e',
  '\x82',
  '\x84',
  '\x88',
];

export function hostileBlockPart(rng: Rng): Part {
  return oneIn(rng, 3)
    ? { kind: 'table-size', bytes: pick(rng, [0, 1, 100, 101, 4_095, 4_096, 4_097, 2 ** 31]) }
    : { kind: 'block-bytes', bytes: pick(rng, blockBytes) };
}
