import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { checkSupport, type SupportFindings } from './check-support.ts';
import { isPlainValue, type SupportTable } from './message-support.ts';
import { supportTable } from './support-table.ts';

const api = loadApi();
/** Rows that `rows` of another row leads to; their name is free and the message type behind it is known. */
const typeOfNamedRow = {
  'upstream HttpProtocolOptions': 'envoy.config.core.v3.HttpProtocolOptions',
  'downstream HttpProtocolOptions': 'envoy.config.core.v3.HttpProtocolOptions',
  'upstream Http1ProtocolOptions': 'envoy.config.core.v3.Http1ProtocolOptions',
  'downstream Http1ProtocolOptions': 'envoy.config.core.v3.Http1ProtocolOptions',
  'envoy.config.core.v3.ApiConfigSource (of ads_config)': 'envoy.config.core.v3.ApiConfigSource',
  'envoy.extensions.transport_sockets.tls.v3.TlsCertificate (of secrets)':
    'envoy.extensions.transport_sockets.tls.v3.TlsCertificate',
  'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext (of secrets)':
    'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext',
} as Record<string, string>;

test('every row names fields of the API, and what it supports has a row too', () => {
  const gaps: string[] = [];
  for (const [rowName, row] of Object.entries(supportTable)) {
    const type = api.types.message(typeOfNamedRow[rowName] ?? rowName.replace(' (of udp_proxy)', ''));
    const ignored = Object.keys(row.ignored ?? {});
    for (const name of [...row.supported, ...ignored, ...Object.keys(row.rows ?? {})]) {
      const field = type.fields.find((candidate) => candidate.name === name);
      if (field === undefined) gaps.push(`${rowName} has no field ${name}`);
      if (field?.isMessage !== true || ignored.includes(name) || isPlainValue(field.messageType.fullName))
        continue;
      const child = row.rows?.[name] ?? field.messageType.fullName;
      if (supportTable[child] === undefined)
        gaps.push(`${rowName}.${name} leads to ${child}, which has no row`);
    }
    const twice = row.supported.filter((name) => ignored.includes(name));
    const loose = Object.keys(row.only ?? {}).filter((name) => !row.supported.includes(name));
    gaps.push(
      ...[...twice, ...loose].map(
        (name) => `${rowName}.${name} is in two lists, or restricted without being supported`,
      ),
    );
  }
  assert.deepEqual(gaps, []);
});

const table: SupportTable = {
  'envoy.config.cluster.v3.Cluster': {
    supported: ['name', 'lb_policy', 'load_assignment'],
    only: { lb_policy: ['ROUND_ROBIN', 'RANDOM'] },
    ignored: { alt_stat_name: 'only affects statistics' },
  },
  'envoy.config.endpoint.v3.ClusterLoadAssignment': { supported: ['endpoints'] },
  'envoy.config.endpoint.v3.LocalityLbEndpoints': { supported: ['priority'] },
};

function findingsOf(cluster: object): SupportFindings {
  const findings: SupportFindings = { problems: [], ignored: [] };
  const type = api.types.message('envoy.config.cluster.v3.Cluster');
  checkSupport(table, type, api.decodeType(type, api.encodeType(type, cluster)), '', findings);
  return findings;
}

test('what is set and not in the table is refused with its path', () => {
  const findings = findingsOf({
    name: 'a',
    altStatName: 'b',
    lbPolicy: 'MAGLEV',
    outlierDetection: {},
    loadAssignment: { endpoints: [{ priority: 1 }, { proximity: 3, priority: 1 }] },
    respectDnsTtl: true,
  });
  assert.deepEqual(findings.problems.map(({ path, message }) => `${path}: ${message}`).sort(), [
    'lb_policy: MAGLEV is not supported by Heddle yet (supported: ROUND_ROBIN, RANDOM)',
    'load_assignment.endpoints[1].proximity: is not supported by Heddle yet',
    'outlier_detection: is not supported by Heddle yet',
    'respect_dns_ttl: is not supported by Heddle yet',
  ]);
  assert.deepEqual(findings.ignored, [
    { path: 'alt_stat_name', message: 'is ignored: only affects statistics' },
  ]);
});

test('defaults are not set, and values of the list pass', () => {
  assert.deepEqual(findingsOf({ name: 'a', lbPolicy: 'RANDOM', respectDnsTtl: false }), {
    problems: [],
    ignored: [],
  });
});

test('a supported message without a row is a gap in the table', () => {
  assert.throws(() => {
    const type = api.types.message('envoy.config.cluster.v3.Cluster');
    const gap: SupportTable = { [type.fullName]: { supported: ['outlier_detection'] } };
    checkSupport(gap, type, { outlierDetection: {} }, '', { problems: [], ignored: [] });
  }, /no row for envoy.config.cluster.v3.OutlierDetection/);
});
