import { createHash } from 'node:crypto';
import type { Rng } from '@heddle/shared/random/rng';
import type { HeaderMap } from '../header-map.ts';

const keyBytes = 16;
/** RFC 6455, 1.3. */
const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const protocolForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;

/** What `:protocol` holds is one of those that `Upgrade` lists (RFC 9110, 7.8); a list would be several. */
export function isOneProtocol(text: string): boolean {
  return protocolForm.test(text);
}

/**
 * Between codecs an upgrade looks as in HTTP/1.1, whatever it was on the wire: `:method` GET with `connection` and
 * `upgrade`, and 101 for yes. Over HTTP/2 it is an extended CONNECT (RFC 8441), and 200.
 *
 * Only HTTP/1.1 needs `sec-websocket-key` and what accepts it (RFC 8441, 5); it is passed on where it is there, and made
 * up where it is not.
 *
 * These two are the server's: the request as it came becomes an upgrade. True: the key is ours.
 */
export function toUpgradeRequest(headers: HeaderMap, rng: Rng): boolean {
  const protocol = headers.get(':protocol') ?? '';
  headers.remove(':protocol');
  headers.set(':method', 'GET');
  headers.add('connection', 'upgrade');
  headers.add('upgrade', protocol);
  if (protocol.toLowerCase() !== 'websocket' || headers.has('sec-websocket-key')) return false;
  headers.add('sec-websocket-key', createKey(rng));
  return true;
}

/** A 101 becomes 200, on a copy. */
export function fromUpgradeAnswer(headers: HeaderMap, isOwnKey: boolean): HeaderMap {
  const answer = headers.clone();
  answer.set(':status', '200');
  if (isOwnKey) answer.remove('sec-websocket-accept');
  return answer;
}

/** These two are the client's; the request is a copy, too. */
export function fromUpgradeRequest(headers: HeaderMap): HeaderMap {
  const request = headers.clone();
  request.set(':method', 'CONNECT');
  request.add(':protocol', (headers.get('upgrade') ?? '').toLowerCase());
  return request;
}

/** A 2xx becomes 101; `key` is that of the request, which its client wants to see accepted. */
export function toUpgradeAnswer(headers: HeaderMap, protocol: string, key: string | undefined): void {
  headers.set(':status', '101');
  headers.add('connection', 'upgrade');
  headers.add('upgrade', protocol);
  if (key === undefined || headers.has('sec-websocket-accept')) return;
  const accept = createHash('sha1')
    .update(key + webSocketGuid)
    .digest('base64');
  headers.set('sec-websocket-accept', accept);
}

function createKey(rng: Rng): string {
  const key = Buffer.alloc(keyBytes);
  for (let at = 0; at < keyBytes; at++) key[at] = Math.floor(rng.next() * 256);
  return key.toString('base64');
}
