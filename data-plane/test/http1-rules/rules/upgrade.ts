import type { Rule } from '../rule.ts';
import { answerRule, get } from './build-rule.ts';

const handshake =
  'GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
const switching = (fields = 'Upgrade: websocket\r\nConnection: Upgrade\r\n'): string =>
  `HTTP/1.1 101 Switching Protocols\r\n${fields}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n`;
const tunnel = 'after 101 bytes are passed on as they are';
const refusedSwitch = [
  { answers: [{ status: [502, 503] }], tunnelDown: '' },
  { answers: [], closes: true, tunnelDown: '' },
];
const unasked = 'a protocol that was not asked for is not switched to';

/** RFC 9110 7.8, 15.2.2; RFC 6455 4. */
export const upgradeRules: readonly Rule[] = [
  answerRule(
    'MUST',
    '6455 4',
    'websocket',
    'the handshake is passed on both ways',
    switching(),
    {
      requests: [
        {
          method: 'GET',
          has: {
            upgrade: 'websocket',
            'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
            'sec-websocket-version': '13',
          },
        },
      ],
      answers: [
        {
          status: 101,
          has: { upgrade: 'websocket', 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' },
        },
      ],
    },
    { request: handshake },
  ),
  answerRule(
    'MUST',
    '9110 7.8',
    'websocket-connection-option',
    'an Upgrade that is sent stands in Connection too',
    switching(),
    {
      requests: [{ has: { connection: ['upgrade', 'Upgrade'] } }],
      answers: [{ status: 101, has: { connection: ['upgrade', 'Upgrade'] } }],
    },
    { request: handshake },
  ),
  answerRule(
    'MUST',
    '6455 5',
    'websocket-bytes-up',
    tunnel,
    switching(),
    { answers: [{ status: 101 }], tunnelUp: '\x81\x82\0\0\0\0ok' },
    { request: handshake, afterSwitch: '\x81\x82\0\0\0\0ok' },
  ),
  answerRule(
    'MUST',
    '6455 5',
    'websocket-bytes-down',
    tunnel,
    `${switching()}\x81\x02ok`,
    { answers: [{ status: 101 }], tunnelDown: '\x81\x02ok' },
    { request: handshake },
  ),
  answerRule(
    'MUST',
    '6455 5',
    'websocket-bytes-like-http',
    tunnel,
    switching() + get(),
    { answers: [{ status: 101 }], tunnelDown: get(), tunnelUp: get('', '/2') },
    { request: handshake, afterSwitch: get('', '/2') },
  ),
  answerRule(
    'MUST',
    '6455 4.1',
    'websocket-names-in-other-case',
    'names and upgrade types are case-insensitive',
    switching('UPGRADE: WebSocket\r\nCONNECTION: upgrade\r\n'),
    { answers: [{ status: 101 }] },
    { request: handshake.replace('websocket', 'WebSocket').replace('Upgrade', 'keep-alive, UPGRADE') },
  ),
  answerRule(
    'MUST',
    '9110 7.8',
    'websocket-not-taken',
    'a server may ignore Upgrade and answer',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    { answers: [{ status: 200, body: 'ok' }] },
    { request: handshake },
  ),
  answerRule(
    'MUST',
    '6455 4.2.2',
    'websocket-refused',
    'a refused handshake is an answer',
    'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno',
    { answers: [{ status: 403, body: 'no' }] },
    { request: handshake },
  ),
  answerRule(
    'MUST',
    '6455 4.4',
    'websocket-version-offered',
    'a refused handshake is an answer',
    'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n',
    { answers: [{ status: 426, has: { 'sec-websocket-version': '13' } }] },
    { request: handshake },
  ),
  answerRule('MUST', '9110 7.8', 'switch-unasked', unasked, `${switching()}evil`, refusedSwitch),
  answerRule('MUST', '9110 7.8', 'switch-unasked-of-post', unasked, `${switching()}evil`, refusedSwitch, {
    request: 'POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nok',
  }),
  answerRule(
    'MUST',
    '9110 7.8',
    'switch-without-option',
    unasked,
    `${switching()}evil`,
    [...refusedSwitch, { requests: [], answers: [{ status: [400, 403, 426] }] }],
    { request: get('Upgrade: websocket\r\n') },
  ),
  answerRule(
    'MUST',
    '9110 7.8',
    'switch-to-another',
    unasked,
    `${switching('Upgrade: other\r\nConnection: Upgrade\r\n')}evil`,
    refusedSwitch,
    { request: handshake },
  ),
  answerRule(
    'MUST',
    '9110 7.8',
    'switch-without-upgrade',
    'a 101 has an Upgrade field',
    `${switching('Connection: Upgrade\r\n')}evil`,
    refusedSwitch,
    { request: handshake },
  ),
  answerRule(
    'MUST',
    '9110 7.8',
    'switch-in-http10',
    'Upgrade in HTTP/1.0 is ignored',
    `${switching()}evil`,
    [...refusedSwitch, { requests: [] }],
    { request: handshake.replace('HTTP/1.1', 'HTTP/1.0'), acceptsHttp10: true },
  ),
  answerRule(
    'MUST',
    '9110 7.8',
    'switch-not-allowed',
    unasked,
    `${switching('Upgrade: foo\r\nConnection: Upgrade\r\n')}evil`,
    [
      ...refusedSwitch,
      { requests: [], answers: [{ status: [400, 403, 426] }] },
      { answers: [{ status: 101, has: { upgrade: 'foo' } }] },
    ],
    { request: get('Connection: Upgrade\r\nUpgrade: foo\r\n') },
  ),
];
