import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostDescription } from './cluster-update.ts';
import { packHosts, packedHostCount, unpackHosts } from './packed-hosts.ts';

const zone = { region: 'r', zone: 'z', subZone: 's' };

const hosts: HostDescription[] = [
  {
    slot: 7,
    address: '10.0.0.1',
    port: 80,
    hostname: 'a.test',
    locality: zone,
    priority: 1,
    weight: 4_294_967_295,
    isCanary: true,
    metadata: { version: 'v2', tags: ['x'] },
    transportSocket: 2,
  },
  {
    slot: 0,
    address: '2001:db8::1',
    port: 65_535,
    hostname: '',
    locality: { region: '', zone: '', subZone: '' },
    priority: 0,
    weight: 1,
    isCanary: false,
    metadata: {},
    transportSocket: 2,
  },
];

test('hosts come out of a message as they went in', () => {
  const packed = structuredClone(packHosts(hosts));
  assert.equal(packedHostCount(packed), 2);
  assert.deepEqual(unpackHosts(packed), hosts);
});

test('no hosts, and hosts without names', () => {
  assert.deepEqual(unpackHosts(structuredClone(packHosts([]))), []);
  const nameless = hosts.map((host) => ({ ...host, hostname: '' }));
  assert.deepEqual(unpackHosts(packHosts(nameless)), nameless);
});

test('hosts of one locality share it', () => {
  const packed = packHosts(hosts.map((host) => ({ ...host, locality: zone })));
  assert.equal(packed.localities.length, 1);
});
