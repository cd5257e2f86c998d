import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { Listener } from '../../config/model/listener.ts';
import { describeStats } from '../../stats/describe-stats.ts';
import type { SharedScopes } from '../../stats/shared-scopes.ts';
import type { Counter } from '../../stats/stats.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import { UdpListenSocket } from '../../transport/udp-socket.ts';
import { scopeNameOf } from '../listener/listener-stats.ts';
import { addressKey } from '../listener/listening-address.ts';
import { udpScopeOf, type CreateUdpFilter, type UdpFilter } from './udp-filter.ts';

export const udpListenerStats = describeStats(['listener.<address>.udp.'], (make) => ({
  dropped: make.counter(
    'downstream_rx_datagram_dropped',
    'Datagrams of clients that were dropped, since they are longer than `max_rx_datagram_size`.',
  ),
}));

export interface WorkerUdpListenersDependencies {
  readonly scopes: SharedScopes;
  readonly hasReusePort: boolean;
  readonly createUdpFilter: CreateUdpFilter;
}

/** What became of an update in this worker. */
export interface UdpListenFailure {
  readonly listener: string;
  readonly message: string;
}

interface UdpEntry {
  readonly config: Listener;
  readonly filter: UdpFilter;
  readonly dropped: Counter;
  readonly address: UdpAddress;
}

/** The open socket of one address. A changed listener takes it over, so that no datagram finds the port closed. */
interface UdpAddress {
  readonly key: string;
  owner: UdpEntry | undefined;
  socket: UdpListenSocket | undefined;
  /** Nobody wants it any more, perhaps before it was open. */
  isClosed: boolean;
}

/** The UDP listeners of one worker. Those that are replaced or removed end their sessions at once, as in Envoy. */
export class WorkerUdpListeners {
  readonly #dependencies: WorkerUdpListenersDependencies;
  readonly #entries = new Map<string, UdpEntry>();
  readonly #addresses = new Map<string, UdpAddress>();

  constructor(dependencies: WorkerUdpListenersDependencies) {
    this.#dependencies = dependencies;
  }

  get listeners(): readonly Listener[] {
    return [...this.#entries.values()].map(({ config }) => config);
  }

  addressOf(listenerName: string): SocketAddress | undefined {
    return this.#entries.get(listenerName)?.address.socket?.address;
  }

  /** Every other listener is to have let go of its address: `remove` comes before. Settles when all sockets are open. */
  async apply(updates: readonly Listener[]): Promise<UdpListenFailure[]> {
    const failures: UdpListenFailure[] = [];
    const replaced: UdpEntry[] = [];
    const opening: Promise<UdpListenFailure | undefined>[] = [];
    for (const config of updates) {
      const previous = this.#entries.get(config.name);
      try {
        const entry = this.#create(config);
        this.#entries.set(config.name, entry);
        if (previous !== undefined) replaced.push(previous);
        opening.push(this.#take(entry));
      } catch (err) {
        failures.push({ listener: config.name, message: messageOf(err) });
      }
    }
    for (const entry of replaced) this.#drop(entry);
    for (const failure of await Promise.all(opening)) if (failure !== undefined) failures.push(failure);
    return failures;
  }

  /** Unknown names are nobody's. `closeUnused` follows, once nobody takes over what they had. */
  remove(names: readonly string[]): void {
    for (const name of names) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      this.#entries.delete(name);
      this.#drop(entry);
    }
  }

  /** Sockets that no listener wants any more. */
  closeUnused(): void {
    for (const [key, address] of this.#addresses) {
      if (address.owner !== undefined) continue;
      this.#addresses.delete(key);
      address.isClosed = true;
      address.socket?.close();
    }
  }

  close(): void {
    this.remove([...this.#entries.keys()]);
    this.closeUnused();
  }

  #create(config: Listener): UdpEntry {
    const { scopes, createUdpFilter } = this.#dependencies;
    if (config.udp === undefined) throw new TypeError('not a listener of datagrams');
    const key = addressKey(config);
    const address = this.#addresses.get(key) ?? { key, owner: undefined, socket: undefined, isClosed: false };
    const names = scopeNamesOf(config);
    const [scope] = names.map((name) => scopes.acquire(name));
    try {
      const filter = createUdpFilter(config.udp.proxy, {
        get localAddress() {
          return address.socket?.address ?? config.address;
        },
        send(datagram, peer, onSent) {
          if (address.isClosed || address.socket === undefined) onSent(new Error('the listener is gone'));
          else address.socket.send(datagram, peer, onSent);
        },
      });
      if (scope === undefined) throw new TypeError('a listener counts');
      return { config, filter, address, dropped: udpListenerStats.create(scope.scope('udp.')).dropped };
    } catch (err) {
      for (const name of names) scopes.release(name);
      throw err;
    }
  }

  async #take(entry: UdpEntry): Promise<UdpListenFailure | undefined> {
    const { address, config } = entry;
    address.owner = entry;
    if (this.#addresses.get(address.key) === address) return undefined;
    this.#addresses.set(address.key, address);
    try {
      const { hasReusePort } = this.#dependencies;
      const socket = await UdpListenSocket.listen(
        { address: config.address, hasReusePort },
        {
          onDatagram: (datagram, peer) => takeDatagram(address.owner, datagram, peer),
          onError: () => address.owner?.filter.onReceiveError(),
        },
      );
      if (address.isClosed) socket.close();
      else address.socket = socket;
      return undefined;
    } catch (err) {
      if (this.#addresses.get(address.key) === address) this.#addresses.delete(address.key);
      return { listener: config.name, message: messageOf(err) };
    }
  }

  #drop(entry: UdpEntry): void {
    if (entry.address.owner === entry) entry.address.owner = undefined;
    entry.filter.close();
    for (const name of scopeNamesOf(entry.config)) this.#dependencies.scopes.release(name);
  }
}

function takeDatagram(owner: UdpEntry | undefined, datagram: Buffer, peer: SocketAddress): void {
  if (owner?.config.udp === undefined) return;
  if (datagram.length > owner.config.udp.maxDatagramBytes) owner.dropped.inc();
  else owner.filter.onDatagram(datagram, peer);
}

function scopeNamesOf(config: Listener): string[] {
  return [scopeNameOf(config), ...(config.udp === undefined ? [] : [udpScopeOf(config.udp.proxy)])];
}
