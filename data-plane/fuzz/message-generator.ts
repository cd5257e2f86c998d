import { randomInteger, type Rng } from '@heddle/shared/random/rng';

/** One in this many parts is a hostile one. */
const hostileEvery = 7;

const methods = {
  usual: ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'],
  hostile: ['get', 'FOO', 'PRI', '', 'CONNECT', 'G ET', 'M-SEARCH', 'GET\0'],
};
const targets = {
  usual: ['/', '/a/b?c=d', '/%41', '/a;b=c'],
  hostile: [
    '*',
    'http://b.test/x',
    'http://b.test',
    'a',
    '',
    '/ a',
    '/#x',
    '/\xe9',
    '//',
    '/\x7f',
    'b.test:1',
    '/\t',
    'https://u@b/',
    '/"<>',
  ],
};
const versions = {
  usual: ['HTTP/1.1'],
  hostile: [
    'HTTP/1.0',
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/0.9',
    'http/1.1',
    'HTTP/1.1 ',
    'HTTP/11',
    '',
    'HTTP/1.10',
  ],
};
const hosts = {
  usual: ['Host: a.test'],
  hostile: [
    '',
    'Host: a\r\nHost: b',
    'Host:',
    'Host: u@a',
    'Host : a',
    'Host: a b',
    'Host: [::1]:8',
    'Host: a:x',
  ],
};
const lineEnds = { usual: ['\r\n'], hostile: ['\n', '\r', '\r\r\n', '\r\n ', '\r\n\t', '\n\r'] };
const lengths = {
  usual: ['5'],
  hostile: [
    '0',
    '05',
    '+5',
    '-5',
    '0x5',
    '5, 5',
    '5,',
    '',
    '5 5',
    '99999999999999999999',
    '4',
    '6',
    '5\x0b',
    '٥',
  ],
};
const codings = {
  usual: ['chunked'],
  hostile: [
    'Chunked',
    'chunked, chunked',
    'gzip, chunked',
    'chunked, gzip',
    'identity',
    'xchunked',
    '',
    'chunked,',
    ',chunked',
    'chun\rked',
    '"chunked"',
    '\x0bchunked',
    'chunked;a=b',
  ],
};
const fields = {
  usual: ['X-A: b', 'Accept: */*', 'x-b:c', 'User-Agent: fuzz'],
  hostile: [
    'X-A : b',
    ': b',
    'X-A',
    'X-A: b\0',
    'X-\xe9: b',
    'X-A: \xe9',
    ' X-A: b',
    'X-A: b\x01',
    'X(A: b',
    'X-A:\tb\t',
    'X-A: ',
    'Connection: close',
    'Connection: X-N',
    'Connection: keep-alive',
    'TE: trailers',
    'X_A: b',
    'Connection: content-length',
  ],
};
const chunkHeads = {
  usual: ['5'],
  hostile: [
    '05',
    '0x5',
    '+5',
    '5;a',
    '5;a=b',
    '5 ;a',
    '5;a="b"',
    '5 ',
    ' 5',
    '',
    '5;\0',
    '5;a\tb',
    '500000000000000000',
    '6',
    '4',
    '5\t',
    '5;=',
    '-5',
  ],
};
const trailers = {
  usual: ['', ''],
  hostile: [
    'X-T: 1\r\n',
    'Content-Length: 3\r\n',
    'X T: 1\r\n',
    'X-T: 1\n',
    'X-T: 1\r\n 2\r\n',
    'Transfer-Encoding: chunked\r\n',
  ],
};
const statusLines = {
  usual: ['HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found'],
  hostile: [
    'HTTP/1.0 200 OK',
    'HTTP/1.1 204 No Content',
    'HTTP/1.1 304 Not Modified',
    'HTTP/1.1 200',
    'HTTP/1.1 200 ',
    'HTTP/1.1 1000 X',
    'HTTP/1.1 20 X',
    'HTTP/1.1 600 X',
    'HTTP/1.1 099 X',
    'HTTP/1.1  200 OK',
    'HTTP/2.0 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.1 200 \xe9\x01',
    'HTTP/1.1 100 Continue',
    'HTTP/1.1 101 Switching',
    'HTTP/1.1 2x0 X',
    'HTTP/1.1 +20 X',
  ],
};
const noise = ['\r', '\n', '\0', ' ', '\t', ':', ';', ',', '0', 'a', '\x80', '\xff', '\r\n', '"', '\x0b'];

interface Parts {
  readonly usual: readonly string[];
  readonly hostile: readonly string[];
}

/** Latin1 text of one to three requests behind each other. */
export function generateRequests(rng: Rng): string {
  let text = '';
  for (let left = 1 + randomInteger(rng, 3); left > 0; left--) text += generateRequest(rng);
  return randomInteger(rng, 3) === 0 ? mutate(rng, text) : text;
}

/** Latin1 text of one answer, perhaps with something behind it. */
export function generateResponse(rng: Rng): string {
  const end = pick(rng, lineEnds);
  let text = pick(rng, statusLines) + end;
  text += generateFieldsAndBody(rng);
  if (randomInteger(rng, 10) === 0) text += 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
  return randomInteger(rng, 3) === 0 ? mutate(rng, text) : text;
}

function generateRequest(rng: Rng): string {
  const method = pick(rng, methods);
  const end = pick(rng, lineEnds);
  const host = pick(rng, hosts);
  const start = `${method} ${pick(rng, targets)} ${pick(rng, versions)}${end}`;
  return start + (host === '' ? '' : host + pick(rng, lineEnds)) + generateFieldsAndBody(rng);
}

function generateFieldsAndBody(rng: Rng): string {
  let text = '';
  for (let left = randomInteger(rng, 4); left > 0; left--) text += pick(rng, fields) + pick(rng, lineEnds);
  let body = '';
  const framing = randomInteger(rng, 12);
  if (framing < 4 || framing === 10) {
    text += `Content-Length: ${pick(rng, lengths)}${pick(rng, lineEnds)}`;
    body = 'hello';
  }
  if (framing === 11) text += `Content-Length: ${pick(rng, lengths)}\r\n`;
  if ((framing >= 4 && framing < 8) || framing === 10) {
    text += `Transfer-Encoding: ${pick(rng, codings)}${pick(rng, lineEnds)}`;
    body = `${pick(rng, chunkHeads)}${pick(rng, lineEnds)}hello${pick(rng, lineEnds)}0${pick(rng, lineEnds)}${pick(rng, trailers)}${pick(rng, lineEnds)}`;
  }
  return `${text}${pick(rng, lineEnds)}${body}`;
}

function pick(rng: Rng, parts: Parts): string {
  const list = randomInteger(rng, hostileEvery) === 0 ? parts.hostile : parts.usual;
  return list[randomInteger(rng, list.length)] ?? '';
}

function mutate(rng: Rng, text: string): string {
  let mutated = text;
  for (let left = 1 + randomInteger(rng, 2); left > 0; left--) {
    const at = randomInteger(rng, mutated.length + 1);
    const inserted = randomInteger(rng, 3) === 0 ? '' : (noise[randomInteger(rng, noise.length)] ?? '');
    const removedCount = randomInteger(rng, 3);
    mutated = mutated.slice(0, at) + inserted + mutated.slice(at + removedCount);
  }
  // Only latin1 reaches the wire.
  return Buffer.from(mutated, 'latin1').toString('latin1');
}
