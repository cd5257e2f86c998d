import path from 'node:path';
import { resourceEvents, type Cell, type Cells } from './cells.ts';
import { resourceTypes, type ResourceType } from './matrix-client.ts';

/** docs/interop.md: `npm run interop` writes it anew. */
export const interopPagePath = path.resolve(import.meta.dirname, '../../../docs/interop.md');

const intro = `# Who understands Heddle's control plane

One mesh, one control plane, and these clients at the same time: real Envoys, one for each way in which an Envoy fetches its
configuration; gRPC for Go, for Python (the C-core) and for Node; Heddle's own sidecar; and a raw client that knows the
protocol and nothing else. Every change of the run is seen by each of them. The tables are written by the run
(\`npm run interop\`), and a test runs it again and compares.

A cell is filled when calls through the client went where they should, none elsewhere, and the control plane knew
it: by CSDS the resource is \`SYNCED\` in its new version, \`ERROR\` with the client's words, or gone.

| event | what happens |
| --- | --- |
| add | a service with an instance, a port of its own and routes; a certificate and authorities, which turn a service to mutual TLS |
| update | instances come and go; calls of one version move; no call is allowed, then all; a port moves; the certificate is rotated |
| remove | the service goes with everything that it had; TLS is turned off |
| NACK | a listener, a route table, a cluster, endpoints and a certificate that clients refuse: what was there serves, others go on, and what comes next is taken |
| reconnect | the control plane is killed, calls go on; it starts again, and the next change comes |

Adds, updates and NACKs of the first four types happen in a mesh without a secret. With secrets, each proxy calls itself by
mutual TLS, out through a cluster and in through a listener; the reconnect happens then. gRPC clients dial \`xds:///cart\`; what they get is in [xds.md](xds.md#grpc-clients).
How Heddle's sidecar obeys control planes of others is tried in \`e2e/interop/go-control-plane.test.ts\`.
`;

const titles: Readonly<Record<ResourceType, string>> = {
  LDS: 'Listeners (LDS)',
  RDS: 'Route tables (RDS)',
  CDS: 'Clusters (CDS)',
  EDS: 'Endpoints (EDS)',
  SDS: 'Secrets (SDS)',
};

/** The page as it should be. @throws Error for a cell that says nothing: the run has forgotten it */
export function buildInteropPage(cells: Cells): string {
  const reasons: string[] = [];
  const numberOf = (reason: string): number => {
    if (!reasons.includes(reason)) reasons.push(reason);
    return reasons.indexOf(reason) + 1;
  };
  const tables = resourceTypes.map((type) => {
    const lines = cells.rows.map((row) => {
      const shown = resourceEvents.map((event) => {
        const cell = cells.get(row, type, event);
        if (cell === undefined)
          throw new Error(`nothing is known of ${row.program}, ${row.variant}: ${type} ${event}`);
        return show(cell, numberOf);
      });
      return `| ${[row.program, row.variant, ...shown].join(' | ')} |`;
    });
    const head = `| client | how | ${resourceEvents.join(' | ')} |\n| --- | --- |${' --- |'.repeat(resourceEvents.length)}`;
    return `## ${titles[type]}\n\n${head}\n${lines.join('\n')}\n`;
  });
  const list = reasons.map((reason, index) => `${index + 1}. ${reason}.`).join('\n');
  return `${[intro, ...tables].join('\n')}\n## Why cells are empty\n\n${list}\n`;
}

function show(cell: Cell, numberOf: (reason: string) => number): string {
  switch (cell.kind) {
    case 'seen':
      return 'yes';
    case 'none':
      return `– (${numberOf(cell.reason)})`;
    case 'failed':
      return 'no';
  }
}
