import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiTable, readApiVersion, type ApiTable } from './api-table.ts';
import { TypeRegistry } from './message-type.ts';

const table = openApiTable();

test('every name of the table is found, and nothing between them', () => {
  const names = table.names();
  assert.deepEqual(names, [...names].sort());
  for (const name of names) {
    assert.notEqual(table.find(name), undefined, name);
    assert.equal(table.find(`${name}!`), undefined);
    assert.equal(table.find(name.slice(0, -1) + '\0'), undefined);
  }
  for (const name of ['', ' ', 'a', 'envoy', 'zzz', '\uffff']) assert.equal(table.find(name), undefined);
});

test('the table is of the API that the version file names', () => {
  const version = readApiVersion();
  assert.equal(version.envoy, '1.40.0');
  assert.equal(version.modules['github.com/envoyproxy/go-control-plane/envoy'], `v${version.envoy}`);
  // In the API for one version only, and used by many configurations.
  assert.notEqual(table.find('envoy.extensions.clusters.dns.v3.DnsCluster'), undefined);
});

test('a type is built when it is first needed, and those it mentions are not', () => {
  const lookups: string[] = [];
  const counted: ApiTable = {
    names: () => table.names(),
    find(name) {
      lookups.push(name);
      return table.find(name);
    },
  };
  const types = new TypeRegistry(counted);
  const cluster = types.message('envoy.config.cluster.v3.Cluster');
  assert.equal(types.builtCount, 1);
  assert.equal(types.message('envoy.config.cluster.v3.Cluster'), cluster);
  assert.equal(cluster.fieldByName('load_assignment'), cluster.fieldByName('loadAssignment'));
  assert.equal(
    cluster.fieldByName('load_assignment')?.messageType.fullName.endsWith('ClusterLoadAssignment'),
    true,
  );
  assert.equal(types.builtCount, 2);
  assert.equal(new Set(lookups).size, lookups.length);
});

test('names from outside that are no message leave nothing behind', () => {
  const types = new TypeRegistry(table);
  assert.equal(types.findMessage('nope.Nope'), undefined);
  assert.equal(types.findMessage('envoy.config.core.v3.HealthStatus'), undefined);
  assert.equal(types.builtCount, 0);
  assert.throws(() => types.message('nope.Nope'), /no message nope\.Nope/);
});

test('every type of the table can be built, and every type that a field names exists', () => {
  const types = new TypeRegistry(table);
  let fieldCount = 0;
  for (const name of table.names()) {
    const type = types.findMessage(name);
    if (type === undefined) continue;
    const keys = new Set([
      ...type.fields.map(({ key }) => key),
      ...type.oneofs.map(({ name: oneof }) => oneof),
    ]);
    assert.equal(keys.size, type.fields.length + type.oneofs.length, `${name} uses a key twice`);
    for (const field of type.fields) {
      fieldCount += 1;
      if (field.isMessage) assert.equal(field.messageType.fullName, field.typeName);
      else if (field.scalar === undefined) assert.notEqual(field.enumType.defaultName, '');
    }
  }
  assert.ok(fieldCount > 5000, String(fieldCount));
});
