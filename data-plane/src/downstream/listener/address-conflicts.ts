import { bindingKey, isAnyPort, type ListenAddress } from '../../config/model/address.ts';

export interface NamedAddress {
  readonly name: string;
  readonly address: ListenAddress;
}

/**
 * Which of the `wanted` listeners ask for an address that another listener has when the whole update was made, and
 * which listener that is. Two that exchange their addresses in one update are no conflict; of two new ones with one
 * address the first gets it. One that is refused keeps what it has, which may refuse others. Any port (0) is free.
 */
export function findAddressConflicts(
  current: readonly NamedAddress[],
  wanted: readonly NamedAddress[],
): ReadonlyMap<string, string> {
  const refused = new Map<string, string>();
  for (;;) {
    const refusedBefore = refused.size;
    const moving = new Set(wanted.map(({ name }) => name).filter((name) => !refused.has(name)));
    const owners = new Map<string, string>();
    for (const { name, address } of current) if (!moving.has(name)) owners.set(bindingKey(address), name);
    for (const { name, address } of wanted) {
      if (refused.has(name) || isAnyPort(address)) continue;
      const owner = owners.get(bindingKey(address));
      if (owner === undefined || owner === name) owners.set(bindingKey(address), name);
      else refused.set(name, owner);
    }
    if (refused.size === refusedBefore) return refused;
  }
}
