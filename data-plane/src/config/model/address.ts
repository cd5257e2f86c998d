/**
 * Where something listens or is reached: an IP (v4 or v6, without brackets) and a port; for DNS clusters, a name; or a
 * Unix domain socket ("pipe"), whose port is 0: its path, which has a `/`, or behind an `@` its abstract name.
 */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** Of what listens. */
export interface ListenAddress extends Address {
  /** Absent: a stream (TCP, or a pipe). */
  readonly protocol?: 'udp';
  /** Permission bits of a pipe's file; absent: as the process makes files. */
  readonly mode?: number;
}

export function isPipe({ address }: Address): boolean {
  return isPipeName(address);
}

/** Of what stands as `address`. */
export function isPipeName(text: string): boolean {
  return text.includes('/') || text.startsWith('@');
}

/** The system chooses the port. */
export function isAnyPort(address: Address): boolean {
  return address.port === 0 && !isPipe(address);
}

/** `10.0.0.1:80`, `[::1]:80`; a pipe as it is. */
export function formatAddress(address: Address): string {
  const { address: host, port } = address;
  if (isPipe(address)) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The same for two that cannot be open at a time. */
export function bindingKey(address: ListenAddress): string {
  return address.protocol === 'udp' ? `udp ${formatAddress(address)}` : formatAddress(address);
}

/** A pipe as Node's `path` and `bind` have it. */
export function toPipePath({ address }: Address): string {
  return address.startsWith('@') ? `\0${address.slice(1)}` : address;
}

/** As `envoy.config.core.v3.Address` in JSON; the protocol is not told, as by Envoy. */
export function toAddressJson(address: Address): unknown {
  if (isPipe(address)) return { pipe: { path: address.address } };
  return { socket_address: { address: address.address, port_value: address.port } };
}
