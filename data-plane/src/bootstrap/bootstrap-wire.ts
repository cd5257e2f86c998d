import type { Bootstrap as BootstrapMessage, Node } from '@heddle/shared/xds/api';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import type { BootstrapWire } from '../config/model/bootstrap.ts';

/**
 * Encodes what `read` gives, when somebody asks and then once: encoding everything is a tenth of a start, and hardly
 * any proxy is ever asked. `read` makes the message anew each time, since holding it would cost more than its text.
 */
export function createBootstrapWire(api: XdsApi, node: Node, read: () => BootstrapMessage): BootstrapWire {
  let encoded: { readonly bootstrap: Uint8Array; readonly clusters: readonly Uint8Array[] } | undefined;
  const encode = (): NonNullable<typeof encoded> => {
    const message = read();
    const clusters = message.staticResources?.clusters ?? [];
    return {
      bootstrap: api.encode('envoy.config.bootstrap.v3.Bootstrap', { ...message, node }),
      clusters: clusters.map((cluster) => api.encode('envoy.config.cluster.v3.Cluster', cluster)),
    };
  };
  return {
    bootstrap: () => (encoded ??= encode()).bootstrap,
    cluster(index) {
      const bytes = (encoded ??= encode()).clusters[index];
      if (bytes === undefined) throw new RangeError(`the bootstrap has no cluster ${index}`);
      return bytes;
    },
  };
}
