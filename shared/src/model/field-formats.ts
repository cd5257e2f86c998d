import { isIP } from 'node:net';
import { Type } from '@sinclair/typebox';
import { RE2JS } from 're2js';
import { maxRe2ProgramSize, re2ProgramSize } from '../lang/re2-program-size.ts';
import { withCheck } from './schema.ts';

const labelPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const headerNamePattern = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$/;
const instanceIdPattern = /^[A-Za-z0-9]([A-Za-z0-9._:-]{0,126}[A-Za-z0-9])?$/;

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** Name of a service, route or policy: a DNS label (RFC 1123), so that it can stand in a host name and in a key. */
export function nameSchema(description: string) {
  return withCheck(Type.String({ description, format: 'dns-label' }), (text) =>
    labelPattern.test(text)
      ? undefined
      : `expected lower-case letters, digits and inner dashes (at most 63), got ${quoted(text)}`,
  );
}

/** Id of an instance: freer than a name (`cart-1`, `Pod.7`, `fd00::1`), without a slash. */
export const InstanceIdSchema = withCheck(
  Type.String({ description: 'Id of the instance, unique in its service.', format: 'instance-id' }),
  (text) =>
    instanceIdPattern.test(text)
      ? undefined
      : `expected letters and digits with inner ".", "_", ":" or "-" (at most 128), got ${quoted(text)}`,
);

/** An IPv4 or IPv6 address without brackets, zone or port. */
export const IpAddressSchema = withCheck(
  Type.String({ description: 'IPv4 or IPv6 address.', format: 'ip', examples: ['10.0.0.7', 'fd00::7'] }),
  (text) => {
    if (isIP(text) !== 0 && !text.includes('%')) return undefined;
    return `expected an IPv4 or IPv6 address (no name, brackets or port), got ${quoted(text)}`;
  },
);

export const PortSchema = Type.Integer({ description: 'Port number.', minimum: 1, maximum: 65535 });

export function isHostname(text: string, options: { readonly allowWildcard: boolean }): boolean {
  const bare = options.allowWildcard && text.startsWith('*.') ? text.slice(2) : text;
  return bare.length <= 253 && bare.split('.').every((label) => labelPattern.test(label)) && isIP(bare) === 0;
}

/** A host name without port, or (`allowWildcard`) `*.` before one. */
export function hostnameSchema(description: string, options: { readonly allowWildcard: boolean }) {
  return withCheck(Type.String({ description, format: 'hostname' }), (text) => {
    if (isHostname(text, options)) return undefined;
    if (isHostname(text.toLowerCase(), options)) return `expected lower case: "${text.toLowerCase()}"`;
    return `expected a host name without port${options.allowWildcard ? ', maybe with "*." before it' : ''}, got ${quoted(text)}`;
  });
}

export function headerNameSchema(description: string) {
  return withCheck(Type.String({ description, format: 'header-name' }), (text) =>
    headerNamePattern.test(text)
      ? undefined
      : `expected the name of a header (RFC 9110 token), got ${quoted(text)}`,
  );
}

/** Value of a header that is set: what RFC 9110 allows in a field value. */
export const HeaderValueSchema = withCheck(
  Type.String({ description: 'Value of the header.', maxLength: 4096 }),
  (text) => (/[\0\r\n]/.test(text) ? 'must not contain a line break or NUL' : undefined),
);

/** Message when `pattern` is not a regular expression of RE2's syntax, or one that a real Envoy would refuse. */
export function regexProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    const size = re2ProgramSize(pattern);
    if (size <= maxRe2ProgramSize) return undefined;
    return `a regular expression of RE2 program size ${size}; Envoy takes at most ${maxRe2ProgramSize}: shorten repeats such as {1,63} to + or split the match`;
  } catch (thrown) {
    return `not a regular expression that RE2 takes: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

/** Message when `path` cannot stand in a request line as a path. */
export function pathProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return `must start with "/", got ${quoted(path)}`;
  return /[?#\s\0]/.test(path) ? 'must not contain "?", "#" or white space' : undefined;
}
