import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { JsonValue } from '@heddle/shared/xds/json-value';
import { fromProtoJson, toProtoJson } from '@heddle/shared/xds/proto-json';
import { createValidator } from '@heddle/shared/xds/validate';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { buildExampleMesh } from './example-mesh.fixture.ts';
import { isGrpcClient, parseGrpcScope } from './grpc-scope.ts';
import { parseNodeScope } from './node-scope.ts';
import { planGrpc } from './plan-grpc.ts';
import { planInbound, planOutbound } from './translate-scope.ts';
import type { Translated } from './translated.ts';

/** Rewrites the goldens instead of comparing: `UPDATE_GOLDEN=1`, then read the difference. */
const shouldUpdate = process.env['UPDATE_GOLDEN'] === '1';
const folder = new URL('./golden/', import.meta.url);

const api = loadApi();
const validator = createValidator(api.types);
const mesh = buildExampleMesh();

interface ScopedNode {
  readonly id: string;
  readonly metadata?: { readonly heddle: Record<string, JsonValue> };
  readonly clientFeatures?: string[];
}

const nodes: Readonly<Record<string, ScopedNode>> = {
  everything: { id: 'edge' },
  'cart-sidecar': {
    id: 'cart-a',
    metadata: {
      heddle: {
        service: 'cart',
        upstreams: ['web'],
        listenAddress: '127.0.0.2',
        outboundPort: 16001,
        servicePorts: false,
      },
    },
  },
  'ledger-client': {
    id: 'l',
    metadata: { heddle: { upstreams: ['ledger', 'cart'], service: 'ledger', appPort: 9100 } },
  },
  'grpc-client': { id: 'g', clientFeatures: ['envoy.lb.does_not_support_overprovisioning'] },
};

function translate(node: ScopedNode): Translated[] {
  if (isGrpcClient(node))
    return planGrpc(api, mesh, parseGrpcScope(node)).resources.map((planned) => planned.build());
  const { outbound, inbound } = parseNodeScope(node);
  const plan = [
    ...planOutbound(api, mesh, outbound).resources,
    ...(inbound === undefined ? [] : planInbound(api, mesh, inbound).resources),
  ];
  return plan.map((planned) => planned.build());
}

function toJson({ typeName, value }: Translated): unknown {
  const type = api.types.message(typeName);
  const decoded = api.decode(typeName, api.encodeType(type, value));
  return toProtoJson(api, typeName, decoded);
}

for (const [name, node] of Object.entries(nodes)) {
  test(`golden: ${name}`, () => {
    const resources = translate(node).map((resource) => ({
      '@type': resource.typeName,
      ...(toJson(resource) as object),
    }));
    const file = new URL(`${name}.json`, folder);
    const text = `${JSON.stringify(resources, null, 2)}\n`;
    if (shouldUpdate) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, text);
    }
    assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(file, 'utf8')));
  });

  test(`every resource keeps the rules of the API, and its bytes are the same each time: ${name}`, () => {
    const again = translate(node);
    for (const [index, resource] of translate(node).entries()) {
      const type = api.types.message(resource.typeName);
      const bytes = api.encodeType(type, resource.value);
      assert.deepEqual(validator.validate(type, api.decodeType(type, bytes)), [], resource.name);
      assert.deepEqual(api.encodeType(type, again[index]!.value), bytes, resource.name);
      assert.deepEqual(
        api.encode(resource.typeName, fromProtoJson(api, resource.typeName, toJson(resource))),
        bytes,
      );
    }
  });
}
