import type { HeaderMap } from '../../codec/header-map.ts';
import type { HttpConnectionManager } from '../../config/model/http-connection-manager.ts';
import type { RouteEntry } from './route-entry.ts';

/** The upgrade type of CONNECT, beside the values of `upgrade`. */
const connectType = 'connect';

/** What a request wants to turn its connection into, lower-case. Only for a request that asks for an upgrade. */
export function upgradeTypeOf(headers: HeaderMap): string {
  return headers.get('upgrade')?.toLowerCase() ?? connectType;
}

/** A route's word stands above the manager's, in both directions. */
export function isUpgradeAllowed(
  upgradeType: string,
  { upgrades }: HttpConnectionManager,
  route: RouteEntry | undefined,
): boolean {
  const action = route?.route.action;
  const ofRoute = action?.kind === 'forward' ? action.upgrades[upgradeType] : undefined;
  return ofRoute ?? upgrades[upgradeType]?.isEnabled ?? false;
}

export function asksForTunnel(headers: HeaderMap): boolean {
  return headers.get(':method') === 'CONNECT' || headers.has('upgrade');
}

/** Behind such an answer the connection carries bytes of another protocol (RFC 9110 7.8, 9.3.6). */
export function opensTunnel(status: number, requestHeaders: HeaderMap | undefined): boolean {
  if (status === 101) return true;
  return status >= 200 && status < 300 && requestHeaders?.get(':method') === 'CONNECT';
}
