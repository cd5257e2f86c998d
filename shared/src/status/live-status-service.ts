import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** `heddle.status.v1.LiveReport`; see the .proto for its meaning. */
export interface LiveReport {
  readonly nodeId: string;
  /** Type URL → version that every worker has applied. */
  readonly liveVersions: Readonly<Record<string, string>>;
}

export type LiveStatusServiceDefinition = ServiceDefinition & {
  readonly ReportLive: MethodDefinition<LiveReport, Record<string, never>>;
};

/** The service for both sides, read from its .proto file. Costs some milliseconds: once for each process. */
export function loadLiveStatusService(): LiveStatusServiceDefinition {
  const file = fileURLToPath(new URL('../../../proto/heddle/status/v1/live_status.proto', import.meta.url));
  const definition = loadSync(file, { defaults: true });
  // What the file declares; the loader knows it at run time only.
  const root = loadPackageDefinition(definition) as unknown as {
    heddle: { status: { v1: { LiveStatusService: { service: LiveStatusServiceDefinition } } } };
  };
  return root.heddle.status.v1.LiveStatusService.service;
}
