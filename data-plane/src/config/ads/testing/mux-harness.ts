import { setImmediate } from 'node:timers/promises';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock, type FakeClock } from '@heddle/shared/testing/fake-clock';
import { loadApi } from '@heddle/shared/xds/xds-api';
import type { ResourceType } from '../../resources/resource-type.ts';
import type { SavedSource } from '../../saved/saved-resources.ts';
import { AdsMux } from '../ads-mux.ts';
import { controlPlaneStats } from '../control-plane-stats.ts';
import { createDeltaProtocol, createSotwProtocol, type AdsProtocol } from '../ads-protocol.ts';
import { noRateLimit, type RequestRateLimit } from '../request-rate-limit.ts';
import { RecordingStats } from './recording-stats.ts';
import { ScriptedTransport } from './scripted-transport.ts';
import { createTextType } from './text-resource.ts';

export const api = loadApi();
const node = { id: 'n', cluster: 'c' };

export interface Harness<Request> {
  readonly mux: AdsMux<Request>;
  readonly transport: ScriptedTransport;
  readonly clock: FakeClock;
  readonly stats: RecordingStats;
  readonly clusters: ReturnType<typeof createTextType>;
  readonly endpoints: ReturnType<typeof createTextType>;
}

/** A mux with two types, `cds` (full set) and its child `eds`, over a scripted transport and a clock that stands still. */
export function createHarness<Request>(
  protocol: AdsProtocol<Request>,
  rateLimit: (clock: FakeClock, stats: RecordingStats) => RequestRateLimit = () => noRateLimit,
  saved?: SavedSource,
): Harness<Request> {
  const clock = createFakeClock();
  const transport = new ScriptedTransport(api);
  const stats = new RecordingStats();
  const clusters = createTextType('cds', true);
  const endpoints = createTextType('eds', false);
  const resourceTypes: ResourceType<unknown>[] = [clusters, endpoints];
  const mux = new AdsMux({
    protocol,
    transport,
    node,
    resourceTypes,
    childTypes: { cds: ['eds'] },
    rateLimit: rateLimit(clock, stats),
    clock,
    rng: { next: () => 0.5 },
    logger: createSilentLogger(),
    stats: controlPlaneStats.create(stats.scope('control_plane.')),
    yieldTurn: () => setImmediate(),
    onProcessed: () => {},
    saved,
  });
  mux.start();
  return { mux, transport, clock, stats, clusters, endpoints };
}

export const sotw = (saved?: SavedSource): Harness<unknown> =>
  createHarness(createSotwProtocol(api) as AdsProtocol<unknown>, undefined, saved);
export const delta = (saved?: SavedSource): Harness<unknown> =>
  createHarness(createDeltaProtocol(api) as AdsProtocol<unknown>, undefined, saved);

/** Resources of `name=value` texts. */
export function anys(typeUrl: string, ...texts: string[]): { typeUrl: string; value: Buffer }[] {
  return texts.map((text) => ({ typeUrl, value: Buffer.from(text) }));
}

/** `type version/nonce [names] error +node` of the requests since the last call. */
export function brief(transport: ScriptedTransport): string[] {
  return transport
    .takeRequests()
    .map(
      ({ typeUrl, versionInfo, responseNonce, resourceNames, errorDetail, node: sender }) =>
        `${typeUrl} ${versionInfo}/${responseNonce} [${resourceNames.join(' ')}]${errorDetail ? ` ${errorDetail.code} ${errorDetail.message}` : ''}${sender ? ' +node' : ''}`,
    );
}
