import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeUrls } from '@heddle/shared/xds/type-urls';
import { createSnapshotResource } from '../snapshot/snapshot.ts';
import { describeClients } from './client-status.ts';

test('what a client was sent is shown, but for the content of secrets', () => {
  const bytes = Buffer.from('hush');
  const resources = [typeUrls.cluster, typeUrls.secret].map((typeUrl) =>
    createSnapshotResource(typeUrl, 'x', bytes),
  );
  const client = {
    node: { id: 'n' },
    describe: () => resources.map((resource) => ({ resource, status: 'SYNCED' as const })),
  };
  const nodes = { clients: () => [client] } as unknown as Parameters<typeof describeClients>[0];
  const { config } = describeClients(nodes, { nodeMatchers: [], excludeResourceContents: false });
  assert.deepEqual(
    config?.[0]?.genericXdsConfigs?.map(({ name, xdsConfig }) => [name, xdsConfig === undefined]),
    [
      ['x', false],
      ['x', true],
    ],
  );
});
