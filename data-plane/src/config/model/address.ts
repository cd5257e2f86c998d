/** A TCP address that was parsed: an IP (v4 or v6, without brackets) and a port; or, for DNS clusters, a name. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function formatAddress({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
