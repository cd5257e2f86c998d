import { randomInteger, type Rng } from '@heddle/shared/random/rng';

/** A piece of a message that means one thing, so that a mutation can be aimed at it. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

export type TokenKind =
  | 'method'
  | 'target'
  | 'version'
  | 'status'
  | 'reason'
  | 'space'
  | 'line-end'
  | 'name'
  | 'colon'
  | 'white-space'
  | 'value'
  | 'length'
  | 'coding'
  | 'host'
  | 'chunk-size'
  | 'extension'
  | 'data';

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];
const names = ['X-A', 'x-b', 'X-Long-Name-Of-A-Field', "X-!#$%&'*+-.^_`|~", 'x-9'];
const visible = `abcXYZ019 ,;:"'()<>@/[]?={}\\!#$%&*+-.^_\`|~\x80\xe9\xff`;
const statuses = ['200', '201', '206', '301', '404', '451', '500', '503'];
const bodies = [
  '',
  'hello',
  '\r\n\r\n',
  '0\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  '\0\xff\x80',
];
const extensions = ['', '', '', ';a', ';a=b', ';a="b;c"', ';a=b;c=d'];

/** One to three valid requests, as every reader has to understand them. */
export function generateValidRequests(rng: Rng): Token[] {
  const tokens: Token[] = [];
  for (let left = 1 + randomInteger(rng, 3); left > 0; left--) {
    tokens.push(
      token('method', pick(rng, methods)),
      token('space', ' '),
      token('target', generateTarget(rng)),
      token('space', ' '),
      token('version', 'HTTP/1.1'),
      token('line-end', '\r\n'),
    );
    const lines = [
      ...generateFields(rng),
      field('Host', 'host', pick(rng, ['a.test', 'a.test:8080', '[::1]:80'])),
    ];
    finishMessage(rng, tokens, lines);
  }
  return tokens;
}

/** One valid answer to a GET. */
export function generateValidAnswer(rng: Rng): Token[] {
  const tokens = [
    token('version', 'HTTP/1.1'),
    token('space', ' '),
    token('status', pick(rng, statuses)),
    token('space', ' '),
    token('reason', pick(rng, ['OK', '', 'Not Found', 'caf\xe9'])),
    token('line-end', '\r\n'),
  ];
  finishMessage(rng, tokens, generateFields(rng));
  return tokens;
}

export function toText(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join('');
}

function finishMessage(rng: Rng, tokens: Token[], lines: Token[][]): void {
  const body = pick(rng, bodies) + (randomInteger(rng, 4) === 0 ? 'x'.repeat(randomInteger(rng, 300)) : '');
  const framing = randomInteger(rng, 3);
  // An answer without framing lasts until the close, and so does its body.
  if (framing === 0) lines.push(field('Content-Length', 'length', String(body.length)));
  if (framing === 1) lines.push(field('Transfer-Encoding', 'coding', pick(rng, ['chunked', 'Chunked'])));
  for (const line of shuffle(rng, lines)) tokens.push(...line);
  tokens.push(token('line-end', '\r\n'));
  if (framing === 0) tokens.push(token('data', body));
  if (framing === 1) tokens.push(...generateChunks(rng, body));
}

function generateFields(rng: Rng): Token[][] {
  return Array.from({ length: randomInteger(rng, 5) }, () =>
    field(pick(rng, names), 'value', generateValue(rng)),
  );
}

function generateValue(rng: Rng): string {
  let value = '';
  for (let left = randomInteger(rng, 12); left > 0; left--)
    value += visible[randomInteger(rng, visible.length)] ?? '';
  return value.trim();
}

function generateTarget(rng: Rng): string {
  const segments = ['a', 'b%20c', '%C3%A9', '', '..', 'x;y=z', "!$&'()*+,="];
  let target = '';
  for (let left = 1 + randomInteger(rng, 3); left > 0; left--) target += `/${pick(rng, segments)}`;
  return target + pick(rng, ['', '', '?', '?a=b&c', '?x/y?z']);
}

function generateChunks(rng: Rng, body: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < body.length;) {
    const length = 1 + randomInteger(rng, body.length - at);
    const size = length.toString(16);
    tokens.push(
      token('chunk-size', randomInteger(rng, 4) === 0 ? `00${size.toUpperCase()}` : size),
      token('extension', pick(rng, extensions)),
      token('line-end', '\r\n'),
      token('data', body.slice(at, at + length)),
      token('line-end', '\r\n'),
    );
    at += length;
  }
  tokens.push(token('chunk-size', '0'), token('extension', pick(rng, extensions)), token('line-end', '\r\n'));
  if (randomInteger(rng, 4) === 0) tokens.push(...field('X-Trailer', 'value', generateValue(rng)));
  tokens.push(token('line-end', '\r\n'));
  return tokens;
}

function field(name: string, kind: TokenKind, value: string): Token[] {
  return [
    token('name', name),
    token('colon', ':'),
    token('white-space', ' '),
    token(kind, value),
    token('white-space', ''),
    token('line-end', '\r\n'),
  ];
}

function token(kind: TokenKind, text: string): Token {
  return { kind, text };
}

function pick(rng: Rng, list: readonly string[]): string {
  return list[randomInteger(rng, list.length)] ?? '';
}

function shuffle<T>(rng: Rng, list: readonly T[]): T[] {
  const left = [...list];
  const shuffled: T[] = [];
  while (left.length > 0) shuffled.push(...left.splice(randomInteger(rng, left.length), 1));
  return shuffled;
}
