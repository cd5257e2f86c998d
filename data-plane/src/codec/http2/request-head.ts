import type { HeaderMap } from '../header-map.ts';
import { isValidConnectTarget, isValidHost } from '../http1/authority.ts';
import { isOneProtocol } from './extended-connect.ts';

const isToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 3986, 3.1. */
const isScheme = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
/** Kept for the preface of HTTP/2, so that none of it can come out of a request (RFC 9113, 3.4). */
const methodOfPreface = 'PRI';
/** RFC 9110, 4.2. */
const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' };
/** Visible characters; a fragment is none of the target. */
const isPath = /^\/[\x21\x22\x24-\x7e]*$/;

/**
 * Checks the head of a request (RFC 9113, 8.3.1 and 8.5; RFC 8441, 4) and completes it: `host` stands for a missing
 * `:authority`, and with both they must name the same. Says what is malformed.
 */
export function completeRequest(headers: HeaderMap, allowsConnect: boolean): string | undefined {
  const method = headers.get(':method');
  if (method === undefined || !isToken.test(method)) return 'a :method that is none';
  if (method === methodOfPreface) return 'the :method of the preface';
  const protocol = headers.get(':protocol');
  const isExtended = protocol !== undefined;
  if (isExtended && method !== 'CONNECT') return 'a :protocol without CONNECT';
  if (isExtended && !allowsConnect) return 'a :protocol that was not announced';
  if (isExtended && !isOneProtocol(protocol)) return 'a :protocol that is none';
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
    if (authority !== undefined && !isSameHost(authority, host, headers.get(':scheme'))) {
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

/** Equal but for case and the port that is meant without one (RFC 3986, 6.2.3). CONNECT has no scheme, and no such port. */
function isSameHost(authority: string, host: string, scheme: string | undefined): boolean {
  if (authority === host) return true;
  const port = scheme === undefined ? undefined : defaultPorts[scheme.toLowerCase()];
  return withoutPort(authority, port) === withoutPort(host, port);
}

function withoutPort(host: string, defaultPort: string | undefined): string {
  const lower = host.toLowerCase();
  if (defaultPort === undefined) return lower;
  const colonAt = lower.lastIndexOf(':');
  // Colons of an address stand within its brackets.
  if (colonAt < 0 || colonAt < lower.lastIndexOf(']')) return lower;
  const port = lower.slice(colonAt + 1);
  return port === '' || port === defaultPort ? lower.slice(0, colonAt) : lower;
}
