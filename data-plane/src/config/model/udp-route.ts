import type { StringMatcher } from './matcher.ts';

/** Which cluster a datagram is for: Envoy's `matcher` of the UDP proxy. */
export type UdpRoute =
  | { readonly kind: 'cluster'; readonly name: string }
  /** The first entry that fits, and whose own route leads somewhere. */
  | {
      readonly kind: 'list';
      readonly entries: readonly { readonly predicate: UdpPredicate; readonly route: UdpRoute }[];
      readonly otherwise?: UdpRoute;
    }
  /** By what the input is, or begins with: the longest that leads somewhere. */
  | {
      readonly kind: 'map';
      readonly input: UdpInput;
      readonly isPrefix: boolean;
      readonly routes: Readonly<Record<string, UdpRoute>>;
      readonly otherwise?: UdpRoute;
    };

export type UdpPredicate =
  | { readonly kind: 'value'; readonly input: UdpInput; readonly matcher: StringMatcher }
  | { readonly kind: 'and' | 'or'; readonly predicates: readonly UdpPredicate[] }
  | { readonly kind: 'not'; readonly predicate: UdpPredicate };

export type UdpInput = 'source-ip' | 'source-port' | 'destination-ip' | 'destination-port';

export function clustersOfUdpRoute(route: UdpRoute | undefined): string[] {
  switch (route?.kind) {
    case undefined:
      return [];
    case 'cluster':
      return [route.name];
    case 'list':
      return [
        ...route.entries.flatMap((entry) => clustersOfUdpRoute(entry.route)),
        ...clustersOfUdpRoute(route.otherwise),
      ];
    case 'map':
      return [
        ...Object.values(route.routes).flatMap(clustersOfUdpRoute),
        ...clustersOfUdpRoute(route.otherwise),
      ];
  }
}
