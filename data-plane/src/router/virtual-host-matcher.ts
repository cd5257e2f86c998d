/**
 * Finds the virtual host of a Host: exact domain, longest suffix (`*.a.test`, `*-b.test`), longest prefix (`a.*`), then
 * `*`. A wildcard stands for at least one character; ports are part of the comparison.
 */
export class VirtualHostMatcher<V> {
  readonly #exact = new Map<string, V>();
  /** By length of the fixed part, longest first. */
  readonly #suffixes: readonly WildcardGroup<V>[];
  readonly #prefixes: readonly WildcardGroup<V>[];
  readonly #any: V | undefined;
  readonly #ignoresPort: boolean;

  /** `domains` are lower-case. */
  constructor(
    hosts: readonly { readonly domains: readonly string[]; readonly value: V }[],
    ignoresPort: boolean,
  ) {
    this.#ignoresPort = ignoresPort;
    const suffixes = new Map<number, Map<string, V>>();
    const prefixes = new Map<number, Map<string, V>>();
    let any: V | undefined;
    for (const { domains, value } of hosts) {
      for (const domain of domains) {
        if (domain === '*') any ??= value;
        else if (domain.startsWith('*')) addTo(suffixes, domain.slice(1), value);
        else if (domain.endsWith('*')) addTo(prefixes, domain.slice(0, -1), value);
        else if (!this.#exact.has(domain)) this.#exact.set(domain, value);
      }
    }
    this.#any = any;
    this.#suffixes = longestFirst(suffixes);
    this.#prefixes = longestFirst(prefixes);
  }

  /** `host` in any case. */
  find(host: string): V | undefined {
    if (this.#exact.size === 0 && this.#suffixes.length === 0 && this.#prefixes.length === 0)
      return this.#any;
    const name = this.#nameOf(host);
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    for (const { length, values } of this.#suffixes) {
      const value = name.length > length ? values.get(name.slice(-length)) : undefined;
      if (value !== undefined) return value;
    }
    for (const { length, values } of this.#prefixes) {
      const value = name.length > length ? values.get(name.slice(0, length)) : undefined;
      if (value !== undefined) return value;
    }
    return this.#any;
  }

  #nameOf(host: string): string {
    const name = host.toLowerCase();
    if (!this.#ignoresPort) return name;
    const colon = name.lastIndexOf(':');
    // The last colon of a bare IPv6 address in brackets separates no port.
    return colon < 0 || name.endsWith(']') ? name : name.slice(0, colon);
  }
}

interface WildcardGroup<V> {
  readonly length: number;
  readonly values: ReadonlyMap<string, V>;
}

function addTo<V>(groups: Map<number, Map<string, V>>, fixedPart: string, value: V): void {
  let group = groups.get(fixedPart.length);
  if (group === undefined) {
    group = new Map();
    groups.set(fixedPart.length, group);
  }
  if (!group.has(fixedPart)) group.set(fixedPart, value);
}

function longestFirst<V>(groups: ReadonlyMap<number, ReadonlyMap<string, V>>): WildcardGroup<V>[] {
  return [...groups]
    .map(([length, values]) => ({ length, values }))
    .sort((left, right) => right.length - left.length);
}
