import { randomInteger, type Rng } from '@heddle/shared/random/rng';
import type { Token, TokenKind } from './token-message.ts';

/** What stands instead of a token of a kind: what real peers send by mistake, and what attackers send on purpose. */
const alternatives: Readonly<Record<TokenKind, readonly string[]>> = {
  method: ['get', 'HEAD', 'CONNECT', 'TRACE', 'PRI', 'FOO', '', 'G ET', 'GET\t'],
  target: [
    '*',
    'http://b.test/x',
    'http://b.test',
    'b.test:80',
    '',
    '/#f',
    '/\xe9',
    '/a b',
    '//',
    'http:///',
    '\\x',
  ],
  version: [
    'HTTP/1.0',
    'HTTP/2.0',
    'HTTP/1.2',
    'http/1.1',
    'HTTP/1.10',
    'HTTP/0.9',
    '',
    'HTTP/1.1 ',
    'HTTP/11',
  ],
  status: ['100', '101', '103', '204', '304', '205', '099', '600', '20', '2000', '+20', '2 0', ''],
  reason: ['\t', 'a\0', 'a\x01', ' ', '200'],
  space: ['  ', '\t', '', ' \t', '\x0b', '\r', '\xa0'],
  'line-end': [
    '\n',
    '\r',
    '\r\r\n',
    '\n\r',
    '\r\n ',
    '\r\n\t',
    '\r\n\r\n',
    '',
    ' \r\n',
    '\0\r\n',
    'x\n',
    '\n\n',
    '\rx',
  ],
  name: [
    'Content-Length',
    'Transfer-Encoding',
    'Host',
    'Connection',
    'Upgrade',
    'Expect',
    'X A',
    '',
    ' X-A',
    'X-\xe9',
    'X_A',
    'TE',
    'X-A\0',
  ],
  colon: [' :', '\t:', '', '::', ';', ': :', '\r\n:'],
  'white-space': ['', '\t', '  ', ' \t ', '\x0b', '\x0c', '\xa0', '\r\n '],
  value: [
    'close',
    'keep-alive',
    'X-A',
    'content-length',
    '100-continue',
    'websocket',
    'trailers',
    'a\rb',
    'a\nb',
    'a\0b',
    'a\x01b',
    '',
  ],
  length: [
    '0',
    '1',
    '05',
    '+5',
    '-1',
    '0x5',
    '5, 5',
    '5,',
    '5 5',
    '',
    '99999999999999999999',
    '5\x0b',
    '1e1',
    '\xb2',
    '5_0',
  ],
  coding: [
    'chunked, chunked',
    'gzip, chunked',
    'chunked, gzip',
    'identity',
    'xchunked',
    '',
    'chunked,',
    ', chunked',
    'chun\rked',
    '"chunked"',
    '\x0bchunked',
    '\xa0chunked',
    'chunked;a=b',
    'chunked\t',
  ],
  host: ['', 'a b', 'u@a', 'a:x', '[::1', 'a/b', 'a,b', 'a\xe9', 'A.TEST:'],
  'chunk-size': [
    '0',
    '1',
    '0x5',
    '+5',
    '-1',
    ' 5',
    '5 ',
    '',
    'g',
    '100000005',
    '10000000000000005',
    '5 5',
    '5\t',
    '5_0',
  ],
  extension: [';', ' ;a', ';a\tb', ';a\0', ';a\nb', ';a\rb', ';=', ' ', '\t', ';"', `;${'e'.repeat(100)}`],
  data: ['', 'x', '\r\n', '0\r\n\r\n', 'POST /hidden HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n'],
};

const noise = [
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '0',
  'a',
  '\x80',
  '\xff',
  '\xa0',
  '\r\n',
  '"',
  '\x0b',
  '\x7f',
];

/** One to three changes: of a token for another of its kind, of lines as a whole, or of single bytes. */
export function mutateTokens(rng: Rng, given: readonly Token[]): string {
  let tokens = [...given];
  for (let left = 1 + randomInteger(rng, 3); left > 0; left--) tokens = mutateOnce(rng, tokens);
  const text = tokens.map((token) => token.text).join('');
  return randomInteger(rng, 4) === 0 ? mutateBytes(rng, text) : text;
}

function mutateOnce(rng: Rng, tokens: Token[]): Token[] {
  const at = randomInteger(rng, tokens.length);
  const token = tokens[at];
  if (token === undefined) return tokens;
  switch (randomInteger(rng, 10)) {
    case 0:
      return tokens.toSpliced(at, 1);
    case 1:
      return tokens.toSpliced(at, 0, token);
    case 2: {
      const [start, end] = lineAround(tokens, at);
      return tokens.toSpliced(end, 0, ...tokens.slice(start, end));
    }
    case 3: {
      const [start, end] = lineAround(tokens, at);
      return tokens.toSpliced(start, end - start);
    }
    case 4: {
      const [start, end] = lineAround(tokens, at);
      const [otherStart] = lineAround(tokens, randomInteger(rng, tokens.length));
      const line = tokens.slice(start, end);
      const without = tokens.toSpliced(start, end - start);
      return without.toSpliced(Math.min(otherStart, without.length), 0, ...line);
    }
    default: {
      const list = alternatives[token.kind];
      const text = list[randomInteger(rng, list.length)] ?? '';
      return tokens.with(at, { kind: token.kind, text });
    }
  }
}

/** From behind the line end before it to behind the next. */
function lineAround(tokens: readonly Token[], at: number): [start: number, end: number] {
  let start = at;
  while (start > 0 && tokens[start - 1]?.kind !== 'line-end') start--;
  let end = at;
  while (end < tokens.length && tokens[end]?.kind !== 'line-end') end++;
  return [start, Math.min(end + 1, tokens.length)];
}

export function mutateBytes(rng: Rng, text: string): string {
  let mutated = text;
  for (let left = 1 + randomInteger(rng, 2); left > 0; left--) {
    const at = randomInteger(rng, mutated.length + 1);
    const inserted = randomInteger(rng, 3) === 0 ? '' : (noise[randomInteger(rng, noise.length)] ?? '');
    mutated = mutated.slice(0, at) + inserted + mutated.slice(at + randomInteger(rng, 3));
  }
  return mutated;
}
