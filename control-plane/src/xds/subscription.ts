/** What a client wants of one type on one stream. Immutable. */
export interface Subscription {
  readonly isWildcard: boolean;
  /** Names asked for one by one, besides the wildcard. */
  readonly names: ReadonlySet<string>;
  /** Whether an empty list still means everything: no name was ever given, and the type has the legacy form. */
  readonly isLegacyPossible: boolean;
}

export interface SubscriptionUpdate {
  readonly subscription: Subscription;
  /** Names that must be answered, whatever was sent before. */
  readonly asked: readonly string[];
  /** Names that the client gave up; it has dropped what it held under them. */
  readonly dropped: readonly string[];
}

const wildcard = '*';
const noNames: ReadonlySet<string> = new Set();

/** `hasLegacyWildcard`: for Listener and Cluster, whose first empty list means everything. */
export function createSubscription(hasLegacyWildcard: boolean): Subscription {
  return { isWildcard: false, names: noNames, isLegacyPossible: hasLegacyWildcard };
}

export function covers(subscription: Subscription, name: string): boolean {
  return subscription.isWildcard || subscription.names.has(name);
}

/** State of the world: `given` is everything that is wanted from now on. An empty name is none: `[""]` wants nothing. */
export function setNames(subscription: Subscription, given: readonly string[]): SubscriptionUpdate {
  if (subscription.isLegacyPossible && given.length === 0) {
    return unchanged(subscription.isWildcard ? subscription : { ...subscription, isWildcard: true });
  }
  const list = withoutEmpty(given);
  const isWildcard = list.includes(wildcard);
  if (isSame(subscription, isWildcard, list)) return unchanged(subscription);
  const names = new Set(list);
  names.delete(wildcard);
  return {
    subscription: { isWildcard, names, isLegacyPossible: false },
    asked: [...names].filter((name) => !subscription.names.has(name)),
    dropped: isWildcard ? [] : [...subscription.names].filter((name) => !names.has(name)),
  };
}

/** Delta: adds and removes. A superfluous removal is ignored; every added name is answered, even a known one. */
export function updateNames(
  subscription: Subscription,
  subscribe: readonly string[],
  unsubscribe: readonly string[],
): SubscriptionUpdate {
  const isLegacy = subscription.isLegacyPossible && subscribe.length === 0;
  if (isLegacy && unsubscribe.length === 0) {
    return unchanged(subscription.isWildcard ? subscription : { ...subscription, isWildcard: true });
  }
  if (subscribe.length === 0 && unsubscribe.length === 0) return unchanged(subscription);
  const names = new Set(subscription.names);
  let isWildcard = subscription.isWildcard || isLegacy;
  const dropped = unsubscribe.filter((name) => name !== wildcard && names.delete(name));
  if (unsubscribe.includes(wildcard)) isWildcard = false;
  const asked = withoutEmpty(subscribe).filter((name) => name !== wildcard);
  for (const name of asked) names.add(name);
  if (subscribe.includes(wildcard)) isWildcard = true;
  return {
    subscription: { isWildcard, names, isLegacyPossible: isLegacy },
    // Under the wildcard the client does not know whether it still gets a name that it gave up: say so.
    asked: isWildcard ? [...asked, ...dropped.filter((name) => !names.has(name))] : asked,
    dropped: isWildcard ? [] : dropped.filter((name) => !names.has(name)),
  };
}

function withoutEmpty(names: readonly string[]): readonly string[] {
  return names.includes('') ? names.filter((name) => name !== '') : names;
}

function isSame(subscription: Subscription, isWildcard: boolean, list: readonly string[]): boolean {
  if (subscription.isLegacyPossible || subscription.isWildcard !== isWildcard) return false;
  const wantedCount = list.length - (isWildcard ? 1 : 0);
  return (
    wantedCount === subscription.names.size &&
    list.every((name) => name === wildcard || subscription.names.has(name))
  );
}

function unchanged(subscription: Subscription): SubscriptionUpdate {
  return { subscription, asked: [], dropped: [] };
}
