import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '@heddle/shared/model/secret';
import type { Service } from '@heddle/shared/model/service';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { buildExampleMesh } from './example-mesh.fixture.ts';
import type { Mesh } from './mesh.ts';
import { parseNodeScope } from './node-scope.ts';
import { planInbound, planOutbound, type PlannedResource } from './translate-scope.ts';

const api = loadApi();
const secretOf = (name: string, spec: Secret['spec']): Secret => ({
  kind: 'Secret',
  metadata: { name },
  spec,
});
const certificate = { chain: 'c', privateKey: 'k' };
const secrets = [
  secretOf('mine', { certificate }),
  secretOf('theirs', { certificate }),
  secretOf('root', { trustBundle: 'r' }),
];
const secured = (name: string, own: string): Service => ({
  kind: 'Service',
  metadata: { name },
  spec: { tls: { certificate: own, trustBundle: 'root' } },
});
const example = buildExampleMesh();
const mesh: Mesh = {
  ...example,
  services: new Map(
    [secured('mine', 'mine'), secured('theirs', 'theirs'), secured('third', 'theirs')].map((one) => [
      one.metadata.name,
      one,
    ]),
  ),
  routes: new Map(),
  policies: new Map(),
  secrets: new Map(secrets.map((secret) => [secret.metadata.name, secret])),
};
const isSecret = ({ typeName }: PlannedResource): boolean => typeName.endsWith('.Secret');

test('a proxy gets its own certificate, and the authorities of whom it calls: nothing else', () => {
  const metadata = { heddle: { service: 'mine', appPort: 80, upstreams: ['theirs', 'third'] } };
  const scope = parseNodeScope({ id: 'n', metadata });
  assert.ok(scope.inbound);
  const inbound = planInbound(api, mesh, scope.inbound).resources.filter(isSecret);
  const outbound = planOutbound(api, mesh, scope.outbound).resources.filter(isSecret);
  assert.deepEqual(
    [inbound, outbound].map((planned) => planned.map(({ name, inputs }) => [name, inputs[0]])),
    [
      [
        ['identity', secrets[0]],
        ['inbound|trust', secrets[2]],
      ],
      [['trust|root', secrets[2]]],
    ],
  );
  const nobody = parseNodeScope({ id: 'n', metadata: { heddle: { upstreams: ['theirs'] } } });
  assert.equal(nobody.inbound, undefined);
});

test('a changed secret changes itself, and neither its listener nor its clusters', () => {
  const scope = parseNodeScope({ id: 'n', metadata: { heddle: { service: 'mine', appPort: 80 } } });
  const renewed = secretOf('mine', { certificate: { chain: 'c2', privateKey: 'k2' } });
  const next: Mesh = { ...mesh, secrets: new Map(mesh.secrets).set('mine', renewed) };
  const changedBetween = (plan: (of: Mesh) => readonly PlannedResource[]): string[] => {
    const after = new Map(plan(next).map((planned) => [planned.key, planned]));
    return plan(mesh).flatMap(({ key, name, inputs }) =>
      inputs.every((input, index) => input === after.get(key)?.inputs[index]) ? [] : name,
    );
  };
  const { inbound, outbound } = scope;
  assert.ok(inbound);
  assert.deepEqual(
    changedBetween((of) => planInbound(api, of, inbound).resources),
    ['identity'],
  );
  assert.deepEqual(
    changedBetween((of) => planOutbound(api, of, outbound).resources),
    [],
  );
});
