import type { UdpInput, UdpPredicate, UdpRoute } from '../../config/model/udp-route.ts';
import { CompiledStringMatcher } from '../../lang/string-matcher.ts';
import type { SocketAddress } from '../../transport/connection.ts';

/** The name of a cluster; undefined: no route. */
export type ChooseUdpCluster = (source: SocketAddress, destination: SocketAddress) => string | undefined;

/** A route, compiled. @throws InvalidInputError for a regex that RE2 refuses */
export function compileUdpRoute(route: UdpRoute | undefined): ChooseUdpCluster {
  switch (route?.kind) {
    case undefined:
      return () => undefined;
    case 'cluster':
      return () => route.name;
    case 'list': {
      const entries = route.entries.map((entry) => ({
        fits: compilePredicate(entry.predicate),
        choose: compileUdpRoute(entry.route),
      }));
      const otherwise = compileUdpRoute(route.otherwise);
      return (source, destination) => {
        for (const { fits, choose } of entries) {
          const name = fits(source, destination) ? choose(source, destination) : undefined;
          if (name !== undefined) return name;
        }
        return otherwise(source, destination);
      };
    }
    case 'map':
      return compileMap(route);
  }
}

function compileMap(route: Extract<UdpRoute, { readonly kind: 'map' }>): ChooseUdpCluster {
  const { input, isPrefix } = route;
  // The longest first.
  const entries = Object.entries(route.routes)
    .sort(([one], [other]) => other.length - one.length)
    .map(([key, value]) => ({ key, choose: compileUdpRoute(value) }));
  const otherwise = compileUdpRoute(route.otherwise);
  return (source, destination) => {
    const value = valueOf(input, source, destination);
    for (const { key, choose } of entries) {
      if (isPrefix ? !value.startsWith(key) : value !== key) continue;
      const name = choose(source, destination);
      if (name !== undefined) return name;
    }
    return otherwise(source, destination);
  };
}

function compilePredicate(
  predicate: UdpPredicate,
): (source: SocketAddress, destination: SocketAddress) => boolean {
  switch (predicate.kind) {
    case 'value': {
      const matcher = new CompiledStringMatcher(predicate.matcher);
      return (source, destination) => matcher.matches(valueOf(predicate.input, source, destination));
    }
    case 'not': {
      const fits = compilePredicate(predicate.predicate);
      return (source, destination) => !fits(source, destination);
    }
    case 'and': {
      const all = predicate.predicates.map(compilePredicate);
      return (source, destination) => all.every((fits) => fits(source, destination));
    }
    case 'or': {
      const any = predicate.predicates.map(compilePredicate);
      return (source, destination) => any.some((fits) => fits(source, destination));
    }
  }
}

function valueOf(input: UdpInput, source: SocketAddress, destination: SocketAddress): string {
  switch (input) {
    case 'source-ip':
      return source.address;
    case 'source-port':
      return String(source.port);
    case 'destination-ip':
      return destination.address;
    case 'destination-port':
      return String(destination.port);
  }
}
