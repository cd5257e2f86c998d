import type { CodecError } from '../codec.ts';
import { isValidConnectTarget, isValidHost } from './authority.ts';
import { requestErrors } from './codec-errors.ts';

/** A request target taken apart (RFC 9112 3.2). `authority` and `scheme` are empty where the target has none. */
export interface TargetParts {
  scheme: string;
  authority: string;
  path: string;
}

const absoluteForm = /^([a-z][a-z0-9+.-]*):\/\/([^/?]*)(.*)$/i;

/** `target` is visible ASCII without `#`, not empty. Fills `parts`; the error when it is no target of `method`. */
export function parseRequestTarget(
  method: string,
  target: string,
  parts: TargetParts,
): CodecError | undefined {
  parts.scheme = '';
  parts.authority = '';
  if (method === 'CONNECT') {
    parts.path = '';
    parts.authority = target;
    return isValidConnectTarget(target) ? undefined : requestErrors.invalidUrl;
  }
  if (target.charCodeAt(0) === 0x2f) {
    parts.path = target;
    return undefined;
  }
  if (target === '*') {
    parts.path = target;
    return method === 'OPTIONS' ? undefined : requestErrors.malformed;
  }
  return parseAbsoluteForm(method, target, parts);
}

function parseAbsoluteForm(method: string, target: string, parts: TargetParts): CodecError | undefined {
  const match = absoluteForm.exec(target);
  if (match === null) return requestErrors.invalidUrl;
  const [, scheme = '', authority = '', rest = ''] = match;
  parts.scheme = scheme.toLowerCase();
  parts.authority = authority;
  if (parts.scheme !== 'http' && parts.scheme !== 'https') return requestErrors.invalidScheme;
  // An empty host and user information are errors in these schemes (RFC 9110 4.2.1, 4.2.4).
  if (authority === '' || authority.startsWith(':') || !isValidHost(authority))
    return requestErrors.invalidUrl;
  if (rest === '') parts.path = method === 'OPTIONS' ? '*' : '/';
  else parts.path = rest.startsWith('/') ? rest : `/${rest}`;
  return undefined;
}
