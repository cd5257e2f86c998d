import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { answersOk, type Harness } from '../../harness/harness.ts';
import { call } from '../../harness/http-call.ts';
import type { ControlPlane } from '../../harness/parts.ts';
import type { MatrixClient } from './matrix-client.ts';

export interface GrpcProgram {
  readonly program: string;
  readonly node: string;
  readonly command: (port: number) => readonly [string, ...string[]];
}

const clients = path.resolve(import.meta.dirname, '../xds-clients');

export const grpcJs: GrpcProgram = {
  program: 'gRPC for Node (grpc-js-xds)',
  node: 'grpc-js',
  command: () => ['node', path.join(clients, 'grpc-js-xds.ts')],
};

export const grpcioOf = (python: string): GrpcProgram => ({
  program: 'gRPC for Python (C-core)',
  node: 'grpc-python',
  command: (port) => [python, path.join(clients, 'grpcio-xds.py'), String(port)],
});

export const grpcGoOf = (program: string): GrpcProgram => ({
  program: 'gRPC for Go',
  node: 'grpc-go',
  command: (port) => [program, '--port', String(port)],
});

/** Where the sources of the Go client are. */
export const grpcGoSource = path.join(clients, 'grpc-go');

/** A program that makes the calls it is asked for, with channels that come from xDS. */
export async function startGrpcClient(
  harness: Harness,
  { program, node, command }: GrpcProgram,
  controlPlane: ControlPlane,
): Promise<MatrixClient> {
  const port = await findFreePort();
  const bootstrap = path.join(harness.folder, `${node}.json`);
  mkdirSync(harness.folder, { recursive: true });
  writeFileSync(bootstrap, JSON.stringify(bootstrapOf(node, controlPlane)));
  const environment = { ...process.env, PORT: String(port), GRPC_XDS_BOOTSTRAP: bootstrap };
  await harness.start({ name: node, command: command(port), environment }, () => answersOk(port, '/ready'));
  const ask = async (query: Readonly<Record<string, string>>, at: string): Promise<string> =>
    (await call(port, `${at}?${new URLSearchParams(query).toString()}`)).body;
  return {
    program,
    variant: 'ADS, state of the world',
    node,
    kind: 'grpc',
    async call(target, version = '') {
      const answer = JSON.parse(await ask({ target, version }, '/call')) as { code: number; message: string };
      return answer.code === 0 ? answer.message : `! ${answer.code} ${answer.message}`;
    },
    isListening: () => Promise.resolve(false),
    rejectedCount: () => Promise.resolve(0),
    callAt: () => Promise.reject(new Error('a gRPC client has no listener')),
    async forget(target) {
      await ask({ target }, '/close');
    },
  };
}

function bootstrapOf(node: string, { xdsPort }: ControlPlane): object {
  return {
    xds_servers: [
      {
        server_uri: `127.0.0.1:${xdsPort}`,
        channel_creds: [{ type: 'insecure' }],
        server_features: ['xds_v3'],
      },
    ],
    // grpc-js-xds takes no node without a locality.
    node: { id: node, cluster: 'matrix', locality: { region: 'here' } },
  };
}
