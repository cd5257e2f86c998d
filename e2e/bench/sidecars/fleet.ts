import { typeUrls } from '@heddle/shared/xds/type-urls';
import { encodeDeltaRequest } from './delta-messages.ts';
import { startSimulatedSidecar, type SimulatedSidecar } from './simulated-sidecar.ts';

/** Connections that are being opened at the same time: a listen queue holds no more. */
const opening = 100;

/** Many simulated sidecars, and what they were sent. */
export interface Fleet {
  readonly size: number;
  /** Responses with endpoints, and bytes of all responses, so far. */
  readonly responseCount: number;
  readonly byteCount: number;
  /** Called when a sidecar acknowledged endpoints with these names. */
  onEndpoints: (names: readonly string[]) => void;
  /** Rejects as soon as a sidecar lost its stream. */
  readonly failed: Promise<never>;
  close(): void;
}

/** Connects them, and resolves when each has the endpoints of so many clusters. */
export async function connectFleet(port: number, size: number, clusterCount: number): Promise<Fleet> {
  const sidecars: SimulatedSidecar[] = [];
  let subscription: { readonly clusters: number; readonly frame: Buffer } | undefined;
  const subscribeFrame = (clusters: readonly string[]): Buffer => {
    if (subscription?.clusters !== clusters.length) {
      const frame = encodeDeltaRequest({ typeUrl: typeUrls.clusterLoadAssignment, subscribe: clusters });
      subscription = { clusters: clusters.length, frame };
    }
    return subscription.frame;
  };
  const failure = Promise.withResolvers<never>();
  // Whoever waits for something races with it; nobody waiting is no unhandled rejection.
  failure.promise.catch(() => undefined);
  const complete = Promise.withResolvers<undefined>();
  let completeCount = 0;
  const fleet = {
    size,
    responseCount: 0,
    byteCount: 0,
    onEndpoints: (_names: readonly string[]): void => undefined,
    failed: failure.promise,
    close(): void {
      for (const sidecar of sidecars) sidecar.close();
    },
  };

  const startNext = (): void => {
    if (sidecars.length === size) return;
    let missing = clusterCount;
    const sidecar = startSimulatedSidecar(port, `sidecar-${sidecars.length}`, subscribeFrame, {
      onConnect: startNext,
      onEndpoints(names) {
        fleet.responseCount += 1;
        fleet.onEndpoints(names);
        if (missing <= 0) return;
        missing -= names.length;
        if (missing <= 0 && ++completeCount === size) complete.resolve(undefined);
      },
      onBytes: (count) => (fleet.byteCount += count),
      onFailure: failure.reject,
    });
    sidecars.push(sidecar);
  };
  for (let index = 0; index < Math.min(opening, size); index++) startNext();
  try {
    await Promise.race([complete.promise, failure.promise]);
  } catch (error) {
    fleet.close();
    throw error;
  }
  return fleet;
}
