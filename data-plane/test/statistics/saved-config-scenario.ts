import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { LoadStatsResponse } from '@heddle/shared/xds/api';
import { createLoadStatsService } from '@heddle/shared/xds/load-stats-service';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { waitUntil } from '@heddle/shared/processes/wait-until';
import { systemClock } from '@heddle/shared/time/clock';
import { resourceTypes } from '../../src/config/resources/testing/decode-yaml.ts';
import { askAdmin } from './ask-admin.ts';
import { closedPort } from '../tcp/closed-port.ts';
import { cluster as staticCluster, type Json } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';
import { dynamicResources, XdsPusher } from './xds-pusher.ts';

const prefix = 'saved_config.';
const { cluster } = resourceTypes;

/** A sidecar saves what it got; its successors find no control plane, then no file that they can use. */
export async function runSavedConfigScenario(movements: Movements): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-saved-'));
  const file = join(folder, 'saved');
  try {
    await save(movements, file);
    const away = dynamicResources(await closedPort());
    await startFrom(movements, file, away, 'in_use', 'restored', 'unusable');
    writeFileSync(file, 'nothing that was ever saved');
    await startFrom(movements, file, away, 'file_refused');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Leaves the file as the first change has it: what comes after is not written. */
async function save(movements: Movements, file: string): Promise<void> {
  const pusher = new XdsPusher();
  await pusher.server.listen();
  const { static_resources, ...dynamic } = dynamicResources(pusher.server.port) as { static_resources: Json };
  const secrets = [{ name: 'own', validation_context: {} }];
  const withSecret = { ...dynamic, static_resources: { ...static_resources, secrets } };
  const sidecar = await startSidecarProcess(withSecret, {
    argv: ['--saved-config', file],
  });
  const run = new ScenarioRun(sidecar, movements);
  const noFolder = `${file}-is-no-folder`;
  writeFileSync(noFolder, '');
  const lost = await startSidecarProcess(withSecret, {
    argv: ['--saved-config', join(noFolder, 'saved')],
  });
  // The successors have no such secret, so they cannot use this one.
  const needy = staticCluster('needy', [1], {
    transport_socket: {
      name: 'tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        common_tls_context: { validation_context_sds_secret_config: { name: 'own' } },
      },
    },
  });
  const clusters = { needy, kept: staticCluster('kept', [1]) };
  try {
    for (let count = 0; count < 2; count++) {
      await pusher.connected();
      await pusher.asked(cluster);
      pusher.push(cluster, clusters);
    }
    await run.untilMoved(prefix, 'writes', 'size', 'saved_time', 'prepare_time');
    await new ScenarioRun(lost, movements).untilMoved(prefix, 'write_failures');
  } finally {
    await Promise.all([sidecar.stop(), lost.stop()]);
    pusher.server.kill();
  }
}

async function startFrom(
  movements: Movements,
  file: string,
  resources: Json,
  ...names: string[]
): Promise<void> {
  const sidecar = await startSidecarProcess(resources, {
    argv: ['--saved-config', file, '--saved-config-wait-s', '0'],
  });
  try {
    const options = { clock: systemClock, deadlineMs: 20_000, intervalMs: 20 };
    const answers = (): Promise<boolean> =>
      askAdmin(sidecar.adminPort, '/server_info').then(
        () => true,
        () => false,
      );
    await waitUntil('the admin interface answers', answers, options);
    await new ScenarioRun(sidecar, movements).untilMoved(prefix, ...names);
  } finally {
    await sidecar.stop();
  }
}

/** A server that asks for reports, and goes away. */
export async function runLoadReportScenario(movements: Movements): Promise<void> {
  const api = loadApi();
  const server = new Server();
  const connected = Promise.withResolvers<undefined>();
  server.addService(
    { StreamLoadStats: createLoadStatsService(api).StreamLoadStats },
    {
      StreamLoadStats(stream: ServerDuplexStream<unknown, LoadStatsResponse>) {
        connected.resolve(undefined);
        stream.write(
          api.create('envoy.service.load_stats.v3.LoadStatsResponse', {
            sendAllClusters: true,
            loadReportingInterval: { nanos: 100_000_000 },
          }),
        );
        stream.on('error', () => undefined);
        stream.on('data', () => undefined);
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const { static_resources } = dynamicResources(port);
  const sidecar = await startSidecarProcess({
    static_resources,
    cluster_manager: {
      load_stats_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  try {
    await connected.promise;
    await run.untilMoved('load_reporter.', 'requests', 'responses');
    server.forceShutdown();
    await run.untilMoved('load_reporter.', 'errors');
  } finally {
    await sidecar.stop();
    server.forceShutdown();
  }
}
