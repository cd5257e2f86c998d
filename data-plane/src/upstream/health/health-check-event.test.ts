import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatHealthCheckEvent } from './health-check-event.ts';

test('an event is one line of JSON in the shape of its proto', () => {
  const line = formatHealthCheckEvent({
    event: { kind: 'check-failed', failureType: 'network-timeout', isFirstCheck: true },
    checkerType: 'HTTP',
    host: { address: '10.0.0.1', port: 80 },
    clusterName: 'orders',
    locality: { region: 'r', zone: 'z', subZone: '' },
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
  });
  assert.deepEqual(JSON.parse(line), {
    health_checker_type: 'HTTP',
    host: {
      socket_address: {
        protocol: 'TCP',
        address: '10.0.0.1',
        resolver_name: '',
        ipv4_compat: false,
        port_value: 80,
      },
    },
    cluster_name: 'orders',
    health_check_failure_event: { failure_type: 'NETWORK_TIMEOUT', first_check: true },
    timestamp: '2026-01-02T03:04:05.000Z',
    locality: { region: 'r', zone: 'z', sub_zone: '' },
  });
});
