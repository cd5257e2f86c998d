import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProxyHeaderReading } from './proxy-header.ts';
import { readProxyHeader } from './read-proxy-header.ts';
import { upstreamHeader } from './upstream-header.ts';
import { writeProxyBinary, writeProxyLine } from './write-proxy-header.ts';

const ipv4 = { source: { address: '1.2.3.4', port: 1 }, destination: { address: '5.6.7.8', port: 2 } };
const ipv6 = { source: { address: '2001:db8::1', port: 1 }, destination: { address: '::2', port: 2 } };
const mixed = { source: ipv4.source, destination: ipv6.destination };
const tlv = (type: number, text: string) => ({ type, value: new Uint8Array(Buffer.from(text)) });

function headerOf(reading: ProxyHeaderReading) {
  assert.ok(reading.kind === 'header');
  return reading.header;
}

test('what is written is read the same', () => {
  for (const addresses of [ipv4, ipv6]) {
    assert.deepEqual(headerOf(readProxyHeader(1, writeProxyLine(addresses))).addresses, addresses);
    const tlvs = [tlv(2, 'a.test'), tlv(0xea, '')];
    const header = headerOf(readProxyHeader(2, writeProxyBinary(addresses, tlvs)));
    assert.deepEqual([header.addresses, header.tlvs], [addresses, tlvs]);
  }
  // Of two families neither version has a word.
  assert.equal(headerOf(readProxyHeader(1, writeProxyLine(mixed))).addresses, undefined);
  assert.equal(headerOf(readProxyHeader(2, writeProxyBinary(mixed, []))).addresses, undefined);
  const huge = Array.from({ length: 2 }, () => tlv(4, 'x'.repeat(40_000)));
  assert.deepEqual(headerOf(readProxyHeader(2, writeProxyBinary(ipv4, huge))).tlvs, []);
});

test('upstreams are told of the client, of what is configured, and of what may pass', () => {
  const own = {
    localAddress: { address: '10.0.0.1', port: 3 },
    remoteAddress: { address: '10.0.0.2', port: 4 },
  };
  const config = { version: 2, passThroughTlvs: [2, 5], addedTlvs: [{ type: 2, valueHex: '6162' }] } as const;
  const proxied = { addresses: ipv4, tlvs: [tlv(2, 'client'), tlv(4, 'no'), tlv(5, 'passed')] };
  const header = headerOf(readProxyHeader(2, upstreamHeader(config, proxied, own)));
  assert.deepEqual(header.addresses, ipv4);
  assert.deepEqual(header.tlvs, [tlv(2, 'ab'), tlv(5, 'passed')]);
  // Nobody is behind a health check.
  assert.equal(headerOf(readProxyHeader(2, upstreamHeader(config, undefined, own))).addresses, undefined);
  assert.deepEqual(
    headerOf(readProxyHeader(1, upstreamHeader({ ...config, version: 1 }, undefined, own))).addresses,
    {
      source: own.localAddress,
      destination: own.remoteAddress,
    },
  );
});
