/** `strip_matching_host_port`, `strip_any_host_port`, `strip_trailing_host_dot`. */
export interface HostRules {
  readonly stripPort: 'none' | 'matching' | 'any';
  readonly stripTrailingHostDot: boolean;
}

/** Only a port of digits is one; one dot at the end of the name goes, before or behind the port. */
export function normalizeHost(host: string, rules: HostRules, listenerPort: number): string {
  let name = host;
  if (rules.stripTrailingHostDot) name = name.replace(/\.(:\d+)?$/, '$1');
  if (rules.stripPort === 'none') return name;
  const match = /:(\d+)$/.exec(name);
  if (match === null || (name.includes(':', name.indexOf(':') + 1) && !name.startsWith('['))) return name;
  const isMatching = rules.stripPort === 'any' || Number(match[1]) === listenerPort;
  return isMatching ? name.slice(0, match.index) : name;
}
