import assert from 'node:assert/strict';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import { createSeededRng, randomInteger, type Rng } from '../random/rng.ts';
import type { FieldType, MessageType } from './message-type.ts';
import { loadApi } from './xds-api.ts';

// protobufjs reads the same table and must agree on every byte's meaning, in both directions.

const api = loadApi();
const flat = (fullName: string): string => fullName.replaceAll('.', '_');

/** A protobufjs root with a message and everything that it holds. */
function buildRoot(start: MessageType): protobuf.Root {
  const root = new protobuf.Root();
  const added = new Set<string>();

  function typeOf(field: FieldType): string {
    if (field.scalar !== undefined) return field.scalar;
    const name = field.typeName ?? '';
    if (field.isMessage) addMessage(field.messageType);
    else if (!added.has(name)) {
      added.add(name);
      root.add(new protobuf.Enum(flat(name), Object.fromEntries(field.enumType.numberByName)));
    }
    return flat(name);
  }

  function addMessage(type: MessageType): void {
    if (added.has(type.fullName)) return;
    added.add(type.fullName);
    const message = new protobuf.Type(flat(type.fullName));
    root.add(message);
    for (const field of type.fields) {
      if (field.mapKey !== undefined)
        message.add(new protobuf.MapField(field.key, field.number, field.mapKey, typeOf(field)));
      else
        message.add(
          new protobuf.Field(
            field.key,
            field.number,
            typeOf(field),
            field.cardinality === 'repeated' ? 'repeated' : undefined,
          ),
        );
    }
  }

  addMessage(start);
  return root;
}

function randomScalar(field: FieldType, rng: Rng): unknown {
  switch (field.scalar) {
    case undefined:
      return [...field.enumType.nameByNumber.keys()][randomInteger(rng, field.enumType.nameByNumber.size)];
    case 'bool':
      return rng.next() < 0.7;
    case 'string':
      return ['', 'a', 'grüße', 'x'.repeat(200)][randomInteger(rng, 4)];
    case 'bytes':
      return Buffer.from([1, 2, 255].slice(0, randomInteger(rng, 4)));
    case 'double':
      return rng.next() * 1e6;
    case 'float':
      return Math.fround(rng.next() * 100);
    case 'uint32':
    case 'fixed32':
      return [0, 1, 127, 128, 4_294_967_295][randomInteger(rng, 5)];
    case 'int32':
    case 'sint32':
    case 'sfixed32':
      return [0, -1, 300, -2_147_483_648, 2_147_483_647][randomInteger(rng, 5)];
    case 'uint64':
    case 'fixed64':
      return [0, 1, 4_294_967_296, Number.MAX_SAFE_INTEGER][randomInteger(rng, 4)];
    case 'int64':
    case 'sint64':
    case 'sfixed64':
      return [0, -1, -4_294_967_296, Number.MIN_SAFE_INTEGER][randomInteger(rng, 4)];
  }
}

function randomMessage(type: MessageType, rng: Rng, depth: number): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const takenOneofs = new Set<string>();
  for (const field of type.fields) {
    if (rng.next() < 0.5 || (field.isMessage && depth === 0)) continue;
    if (field.oneof !== undefined) {
      if (takenOneofs.has(field.oneof)) continue;
      takenOneofs.add(field.oneof);
    }
    const value = (): unknown =>
      field.isMessage ? randomMessage(field.messageType, rng, depth - 1) : randomScalar(field, rng);
    if (field.mapKey !== undefined) message[field.key] = { [field.mapKey === 'string' ? 'k' : '7']: value() };
    else if (field.cardinality === 'repeated')
      message[field.key] = Array.from({ length: randomInteger(rng, 3) }, value);
    else message[field.key] = value();
  }
  return message;
}

for (const fullName of [
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.config.listener.v3.Listener',
  'envoy.service.discovery.v3.DeltaDiscoveryResponse',
]) {
  test(`${fullName}: protobufjs and our codec read each other's bytes alike`, () => {
    const type = api.types.message(fullName);
    const oracle = buildRoot(type).lookupType(flat(fullName));
    const plain = (bytes: Uint8Array): unknown =>
      oracle.toObject(oracle.decode(bytes), { longs: String, bytes: String });
    const rng = createSeededRng(7);
    for (let round = 0; round < 200; round++) {
      const theirs = oracle.encode(oracle.fromObject(randomMessage(type, rng, 4))).finish();
      const ours = api.encodeType(type, api.decodeType(type, theirs));
      assert.deepEqual(withoutEmpty(plain(ours)), withoutEmpty(plain(theirs)), `round ${round}`);
    }
  });
}

/** What proto3 does not distinguish from absence outside of oneofs: default scalars, empty lists. Empty messages stay. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, held]) => !isDefault(held));
  return Object.fromEntries(entries.map(([key, held]) => [key, withoutEmpty(held)]));
}

function isDefault(held: unknown): boolean {
  return (
    held === 0 || held === '' || held === false || held === '0' || (Array.isArray(held) && held.length === 0)
  );
}
