import type { HeaderMap } from '../../codec/header-map.ts';
import type { LocalReply } from './local-reply.ts';

/**
 * Counts `Max-Forwards` of an OPTIONS or TRACE down; at zero this proxy is the last recipient and answers itself
 * (RFC 9110 7.6.2). What TRACE would reflect may hold credentials that proxies before this one added: 501. A value
 * that is no number means nothing.
 */
export function countDownMaxForwards(method: string, headers: HeaderMap): LocalReply | undefined {
  const value = headers.get('max-forwards');
  if (value === undefined || !/^\d{1,15}$/.test(value)) return undefined;
  const hopCount = Number(value);
  if (hopCount === 0) {
    return { status: method === 'OPTIONS' ? 200 : 501, body: '', details: 'max_forwards_reached' };
  }
  headers.set('max-forwards', String(hopCount - 1));
  return undefined;
}
