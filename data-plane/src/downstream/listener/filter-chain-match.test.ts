import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { FilterChainMatch } from '../../config/model/listener.ts';
import { createSeededRng } from '@heddle/shared/random/rng';
import { createFakeClock } from '@heddle/shared/testing/fake-clock';
import { Drain } from './drain.ts';
import { findFilterChain } from './filter-chain-match.ts';

function chain(name: string, match: Partial<FilterChainMatch>) {
  return {
    name,
    match: {
      prefixRanges: [],
      directSourcePrefixRanges: [],
      sourceType: 'any' as const,
      sourcePrefixRanges: [],
      sourcePorts: [],
      serverNames: [],
      applicationProtocols: [],
      transportProtocol: '' as const,
      ...match,
    },
  };
}

function find(
  chains: readonly ReturnType<typeof chain>[],
  local: string,
  port: number,
  remote: string,
  remotePort = 1,
) {
  return findFilterChain(chains, {
    localAddress: { address: local, port },
    remoteAddress: { address: remote, port: remotePort },
    directRemoteAddress: { address: '10.9.0.1', port: 1 },
    isTls: false,
    serverName: '',
    applicationProtocols: [],
  })?.name;
}

const range = (address: string, prefixLength: number) => ({ address, prefixLength });

test('the most specific chain wins, criterion by criterion', () => {
  const chains = [
    chain('any', {}),
    chain('port', { destinationPort: 80 }),
    chain('wide', { prefixRanges: [range('10.0.0.0', 8)] }),
    chain('narrow', { prefixRanges: [range('10.1.0.0', 16)] }),
  ];
  assert.equal(find(chains, '192.0.2.1', 1, '192.0.2.9'), 'any');
  assert.equal(find(chains, '10.2.0.1', 1, '192.0.2.9'), 'wide');
  assert.equal(find(chains, '10.1.0.1', 1, '192.0.2.9'), 'narrow');
  assert.equal(find(chains, '10.1.0.1', 80, '192.0.2.9'), 'port');
});

test('the direct source is that of the socket, and comes before the source', () => {
  const chains = [
    chain('source', { sourcePrefixRanges: [range('192.0.2.9', 32)] }),
    chain('direct', { directSourcePrefixRanges: [range('10.9.0.0', 16)] }),
    chain('other', { directSourcePrefixRanges: [range('192.0.2.0', 24)] }),
  ];
  assert.equal(find(chains, '192.0.2.1', 1, '192.0.2.9'), 'direct');
});

test('there is no way back to a less specific group', () => {
  const chains = [
    chain('any', {}),
    chain('port and source', { destinationPort: 80, sourcePrefixRanges: [range('10.0.0.0', 8)] }),
  ];
  assert.equal(find(chains, '192.0.2.1', 80, '10.0.0.1'), 'port and source');
  assert.equal(find(chains, '192.0.2.1', 80, '11.0.0.1'), undefined);
});

test('source type, source ranges, source ports, transport', () => {
  const chains = [
    chain('local', { sourceType: 'local' }),
    chain('external', { sourceType: 'external' }),
    chain('external from a range', { sourceType: 'external', sourcePrefixRanges: [range('2001:db8::', 32)] }),
    chain('external port', { sourceType: 'external', sourcePorts: [99] }),
  ];
  assert.equal(find(chains, '10.0.0.1', 1, '127.0.0.1'), 'local');
  assert.equal(find(chains, '10.0.0.1', 1, '10.0.0.1'), 'local');
  assert.equal(find(chains, '10.0.0.1', 1, '10.0.0.2'), 'external');
  assert.equal(find(chains, '10.0.0.1', 1, '10.0.0.2', 99), 'external port');
  assert.equal(find(chains, '2001:db8::1', 1, '2001:db8:5::2'), 'external from a range');
  assert.equal(find([chain('tls', { transportProtocol: 'tls' })], '::1', 1, '::1'), undefined);
  assert.equal(find([chain('raw', { transportProtocol: 'raw_buffer' })], '::1', 1, '::1'), 'raw');
});

test('prefixes that end within a byte, and IPv4 in IPv6', () => {
  const chains = [chain('p', { sourcePrefixRanges: [range('10.128.0.0', 9)] })];
  assert.equal(find(chains, '1.1.1.1', 1, '10.200.0.1'), 'p');
  assert.equal(find(chains, '1.1.1.1', 1, '10.127.0.1'), undefined);
  assert.equal(find(chains, '1.1.1.1', 1, '::ffff:10.200.0.1'), 'p');
  assert.equal(
    find([chain('zero', { sourcePrefixRanges: [range('0.0.0.0', 0)] })], '1.1.1.1', 1, '9.9.9.9'),
    'zero',
  );
});

test('a gradual drain ends more and more connections', () => {
  const clock = createFakeClock();
  const drain = new Drain(clock, createSeededRng(3));
  const share = () => Array.from({ length: 1_000 }, () => drain.drainClose()).filter(Boolean).length / 1_000;
  assert.equal(share(), 0);
  drain.start('gradual', 1_000);
  assert.equal(share(), 0);
  clock.advance(500);
  assert.ok(Math.abs(share() - 0.5) < 0.06);
  clock.advance(501);
  assert.equal(share(), 1);

  const atOnce = new Drain(clock, createSeededRng(3));
  atOnce.start('immediate', 1_000);
  assert.ok(atOnce.drainClose());
});
