import type { Problem } from '@heddle/shared/errors/problem';

/** What the ADS client knows, for /config_dump, CSDS and the log. A copy: it does not change afterwards. */
export interface AdsStatus {
  readonly variant: 'sotw' | 'delta';
  readonly isConnected: boolean;
  /** What the server calls itself; empty before the first answer. */
  readonly controlPlane: string;
  /** `host:port` of the current or last attempt. */
  readonly address: string;
  readonly types: readonly TypeStatus[];
}

export interface TypeStatus {
  readonly typeUrl: string;
  /** Of the last response that was accepted as a whole; empty before. */
  readonly version: string;
  /** The last NACK, until a response is accepted. */
  readonly nack?: { readonly version: string; readonly message: string; readonly at: number };
  /** Sorted by name. */
  readonly resources: readonly ResourceStatus[];
}

/**
 * States as in CSDS (`envoy.admin.v3.ClientResourceStatus`), and `restored`: it comes from the saved configuration, and
 * no server has said anything about it yet.
 */
export interface ResourceStatus {
  readonly name: string;
  readonly state: 'requested' | 'acked' | 'nacked' | 'does-not-exist' | 'timeout' | 'restored';
  /** Of what is held; empty if nothing is. */
  readonly version: string;
  /** Epoch ms of the last answer about it; 0 = none came. */
  readonly updatedAt: number;
  /** Wire bytes of what is held. */
  readonly bytes?: Uint8Array;
  /** Why the last answer was refused. */
  readonly error?: { readonly version: string; readonly problems: readonly Problem[]; readonly at: number };
}
