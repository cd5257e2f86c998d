import { typeUrls } from '@heddle/shared/xds/type-urls';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { answerQuestions } from '../helper-process.ts';
import { benchHost } from '../proxies/proxy.ts';
import { DeltaServer } from './delta-server.ts';
import { FlipProbe, type ProbeResult } from './flip-probe.ts';
import {
  clusterName,
  encodeAssignment,
  encodeCluster,
  encodeProbed,
  probedCluster,
} from './many-clusters.ts';

export type ManagementQuestion =
  /** Everything for so many clusters; answered with the port of ADS. */
  | { readonly kind: 'serve'; readonly clusters: number }
  /** Changes at their rate, and the probe, for so long; answered with a {@link ChurnResult}. */
  | {
      readonly kind: 'churn';
      readonly port: number;
      readonly changesPerSecond: number;
      readonly seconds: number;
    }
  | { readonly kind: 'close' };

export interface ChurnResult extends ProbeResult {
  readonly changes: number;
  /** From a response to its acknowledgement, in milliseconds. */
  readonly acknowledgedMs: Float64Array;
}

export type ManagementAnswer = number | ChurnResult | undefined;

const api = loadApi();

interface World {
  readonly clusters: number;
  readonly byType: ReadonlyMap<string, Map<string, Uint8Array>>;
  readonly server: DeltaServer;
  readonly probe: FlipProbe;
  readonly upstreamPorts: readonly number[];
}

let world: World | undefined;
let refusal: string | undefined;

answerQuestions(async (question): Promise<ManagementAnswer> => {
  const asked = question as ManagementQuestion;
  if (asked.kind === 'serve') return serve(asked.clusters);
  if (world === undefined) throw new Error('nothing is served');
  if (asked.kind === 'churn') return churn(world, asked.port, asked.changesPerSecond, asked.seconds);
  world.server.close();
  world.probe.close();
  world = undefined;
  return undefined;
});

async function serve(clusters: number): Promise<number> {
  const probe = new FlipProbe();
  const upstreamPorts = await probe.listen();
  const indices = Array.from({ length: clusters }, (_, index) => index);
  const byType = new Map<string, Map<string, Uint8Array>>([
    [
      typeUrls.cluster,
      new Map([
        [probedCluster, encodeCluster(api, probedCluster, 1024)],
        ...indices.map(
          (index) => [clusterName(index), encodeCluster(api, clusterName(index), 1024)] as const,
        ),
      ]),
    ],
    [
      typeUrls.clusterLoadAssignment,
      new Map([
        [probedCluster, encodeProbed(api, upstreamPorts[0] ?? 0)],
        ...indices.map((index) => [clusterName(index), encodeAssignment(api, index, 1)] as const),
      ]),
    ],
  ]);
  const server = new DeltaServer(api, byType);
  server.onRefused = (message) => (refusal = message);
  world = { clusters, byType, server, probe, upstreamPorts };
  return server.listen();
}

async function churn(
  { clusters, byType, server, probe, upstreamPorts }: World,
  port: number,
  changesPerSecond: number,
  seconds: number,
): Promise<ChurnResult> {
  const acknowledgedMs: number[] = [];
  server.onAcknowledged = (ms) => acknowledgedMs.push(ms);
  const put = (typeUrl: string, name: string, bytes: Uint8Array): void => {
    byType.get(typeUrl)?.set(name, bytes);
    server.push(typeUrl, [{ name, bytes }]);
  };
  let changes = 0;
  const changeOne = (): void => {
    // Each other cluster in turn; every second change is one of the cluster itself.
    const index = (++changes * 7919) % clusters;
    const name = clusterName(index);
    if (changes % 2 === 0) put(typeUrls.cluster, name, encodeCluster(api, name, 1024 + changes));
    put(typeUrls.clusterLoadAssignment, name, encodeAssignment(api, index, 1 + (changes % 100)));
  };
  const startedMs = performance.now();
  const timer = setInterval(() => {
    // What a late timer missed is made up for: the rate is what was asked for.
    while (changes < ((performance.now() - startedMs) / 1000) * changesPerSecond) changeOne();
  }, 5);
  try {
    const result = await probe.run(port, benchHost, seconds, (upstream) =>
      put(typeUrls.clusterLoadAssignment, probedCluster, encodeProbed(api, upstreamPorts[upstream] ?? 0)),
    );
    if (refusal !== undefined) throw new Error(`the proxy refused something: ${refusal}`);
    return { ...result, changes, acknowledgedMs: Float64Array.from(acknowledgedMs) };
  } finally {
    clearInterval(timer);
  }
}
