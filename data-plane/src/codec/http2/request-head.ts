import type { HeaderMap } from '../header-map.ts';
import { isValidConnectTarget, isValidHost } from '../http1/authority.ts';

const isToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 3986, 3.1. */
const isScheme = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
/** One protocol of `Upgrade` (RFC 9110, 7.8), which this becomes; a list would be several. */
const isProtocol = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
/** Visible characters; a fragment is none of the target. */
const isPath = /^\/[\x21\x22\x24-\x7e]*$/;

/**
 * Checks the head of a request (RFC 9113, 8.3.1 and 8.5; RFC 8441, 4) and completes it: `host` stands for a missing
 * `:authority`, and with both they must agree. Says what is malformed.
 */
export function completeRequest(headers: HeaderMap, allowsConnect: boolean): string | undefined {
  const method = headers.get(':method');
  if (method === undefined || !isToken.test(method)) return 'a :method that is none';
  const protocol = headers.get(':protocol');
  const isExtended = protocol !== undefined;
  if (isExtended && method !== 'CONNECT') return 'a :protocol without CONNECT';
  if (isExtended && !allowsConnect) return 'a :protocol that was not announced';
  if (isExtended && !isProtocol.test(protocol)) return 'a :protocol that is none';
  return method === 'CONNECT' && !isExtended
    ? checkConnect(headers)
    : (checkTarget(headers, method) ?? takeAuthority(headers, isExtended));
}

function checkConnect(headers: HeaderMap): string | undefined {
  if (headers.has(':scheme') || headers.has(':path')) return 'a CONNECT with a target';
  const authority = headers.get(':authority');
  if (authority === undefined || !isValidConnectTarget(authority)) return 'a CONNECT to nowhere';
  return takeAuthority(headers, true);
}

function checkTarget(headers: HeaderMap, method: string): string | undefined {
  const scheme = headers.get(':scheme');
  const path = headers.get(':path');
  if (scheme === undefined || !isScheme.test(scheme)) return 'a :scheme that is none';
  if (path === undefined) return 'a request without :path';
  return isPath.test(path) || (path === '*' && method === 'OPTIONS') ? undefined : 'a :path that is none';
}

function takeAuthority(headers: HeaderMap, isAuthorityRequired: boolean): string | undefined {
  const authority = headers.get(':authority');
  if (authority === undefined && isAuthorityRequired) return 'a request without :authority';
  const host = headers.get('host');
  if (host !== undefined) {
    if (headers.getAll('host').length > 1) return 'a second host';
    if (authority !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
      return 'a host beside :authority';
    }
    headers.remove('host');
    if (authority === undefined) {
      headers.addUnchecked(':authority', host);
      // What is not to be indexed is not to be indexed under its other name (RFC 7541, 6.2.3).
      const { neverIndexed } = headers;
      if (neverIndexed?.has('host') === true) headers.neverIndexed = new Set([...neverIndexed, ':authority']);
    }
  }
  const named = authority ?? host ?? '';
  // A host is not empty, with a port or without (RFC 9110, 4.2.1).
  const isHost = named !== '' && !named.startsWith(':') && isValidHost(named);
  return isHost ? undefined : 'an :authority that is none';
}
