import { createSeededRng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import type { Cluster } from '../../config/model/cluster.ts';
import type { ClusterUpdate, HostDescription } from '../../config/model/cluster-update.ts';
import { unpackHosts } from '../../config/model/packed-hosts.ts';
import { CodecWorkspace } from '../../codec/codec-workspace.ts';
import { ClientCodecs } from '../pool/client-codecs.ts';
import { ClusterManager } from '../cluster-manager.ts';
import { EdsAssignments } from '../discovery/eds-assignments.ts';
import type { HealthCheckEvent } from '../health/health-check-event.ts';
import { buildCluster, buildHealthCheck, edsDiscovery, type ClusterFields } from './model-fixtures.ts';
import { createRecordingStats } from './recording-stats.ts';
import { ScriptedConnector } from './scripted-connector.ts';
import { ScriptedEds } from './scripted-eds.ts';

/** Connects, and is content. */
export const tcpCheck = buildHealthCheck({ checker: { kind: 'tcp', sendHex: '', receiveHex: [] } });

/** A cluster manager whose surroundings the test plays: EDS, connections, time, workers. */
export function createManagerHarness({ workerCount = 1 } = {}) {
  const clock = createFakeClock();
  const rng = createSeededRng(1);
  const stats = createRecordingStats();
  const eds = new ScriptedEds();
  const connector = new ScriptedConnector();
  const published: ClusterUpdate[] = [];
  const removals: string[] = [];
  const phases: string[] = [];
  const needed = new Set<string>();
  /** Times that somebody asked for it: collecting it costs a walk over every route. */
  let neededAskedCount = 0;
  const events: HealthCheckEvent[] = [];
  const applied: (() => void)[] = [];
  const manager = new ClusterManager({
    workerCount,
    clock,
    rng,
    stats: stats.scope,
    assignments: new EdsAssignments(() => eds),
    resolver: { resolve: () => Promise.reject(new Error('not used')) },
    connector,
    codecs: new ClientCodecs(new CodecWorkspace(), clock, rng),
    acquireSecrets(_owner, _contexts, onReady) {
      onReady();
      return { countIn: () => undefined, release: () => undefined };
    },
    onHealthCheckEvent: (event) => events.push(event),
    onAllWorkersApplied: (callback) => applied.push(callback),
    publish: (update) => published.push(update),
    publishRemoval: (name) => removals.push(name),
    neededClusters() {
      neededAskedCount += 1;
      return needed;
    },
    onPrimaryReady: () => phases.push('primary'),
    onStaticReady: () => phases.push('static'),
    onAllReady: () => phases.push('all'),
  });
  /** CDS answers; what it leaves out is not touched. */
  const cds = (...resources: Parameters<ClusterManager['addOrUpdate']>[0][]) =>
    manager.onUpdate({ upserts: resources, removed: [], systemVersion: '1' });
  return {
    clock,
    stats,
    eds,
    connector,
    published,
    removals,
    phases,
    needed,
    get neededAskedCount() {
      return neededAskedCount;
    },
    events,
    applied,
    manager,
    cds,
    stat: (name: string) => stats.valueOf(name),
  };
}

/** Past the start: xDS runs, nothing is waited for. */
export function createRunningManager(options?: { workerCount?: number }) {
  const running = createManagerHarness(options);
  running.manager.loadStatic([]);
  running.manager.startSecondary(false);
  return running;
}

export function edsCluster(name: string, fields: ClusterFields = {}, service = name): Cluster {
  return buildCluster(name, edsDiscovery(service), fields);
}

export function addedTo(update: ClusterUpdate | undefined): HostDescription[] {
  return update === undefined ? [] : unpackHosts(update.hosts.added);
}

export function changedIn(update: ClusterUpdate | undefined): HostDescription[] {
  return update === undefined ? [] : unpackHosts(update.hosts.changed);
}

export function portsOf(update: ClusterUpdate | undefined): number[] {
  return addedTo(update).map((host) => host.port);
}
