import type { JsonRecord } from '../client/json.ts';
import { recordAt, recordsAt, textAt } from '../client/json.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { renderTable } from './table.ts';

interface ObjectTable {
  readonly kind: string;
  readonly heads: readonly string[];
  readonly row: (object: JsonRecord) => readonly string[];
}

const nameIn = (object: JsonRecord): string => textAt(recordAt(object, 'metadata'), 'name');

const tables: readonly ObjectTable[] = [
  {
    kind: 'Service',
    heads: ['service', 'protocol', 'port'],
    row: (object) => {
      const spec = recordAt(object, 'spec');
      return [nameIn(object), textAt(spec, 'protocol') || 'http', textAt(spec, 'port') || '–'];
    },
  },
  {
    kind: 'Instance',
    heads: ['instance', 'address', 'version', 'weight', 'health', 'lease', 'zone'],
    row: (object) => {
      const spec = recordAt(object, 'spec');
      const ttl = textAt(recordAt(spec, 'lease'), 'ttlSeconds');
      return [
        `${textAt(recordAt(object, 'metadata'), 'service')}/${nameIn(object)}`,
        joinHostPort(textAt(spec, 'address'), textAt(spec, 'port')),
        textAt(spec, 'version') || '–',
        textAt(spec, 'weight') || '1',
        textAt(spec, 'health') || 'unknown',
        ttl === '' ? '–' : `${ttl} s`,
        textAt(recordAt(spec, 'locality'), 'zone') || '–',
      ];
    },
  },
  {
    kind: 'HTTPRoute',
    heads: ['route', 'parents', 'hosts', 'rules', 'backends'],
    row: (object) => {
      const spec = recordAt(object, 'spec');
      const rules = recordsAt(spec, 'rules');
      const parents = recordsAt(spec, 'parentRefs').map((parent) => textAt(parent, 'name'));
      const hosts = Array.isArray(spec['hostnames']) ? spec['hostnames'].map(String) : parents;
      return [
        nameIn(object),
        parents.join(', '),
        hosts.join(', '),
        String(rules.length),
        describeBackends(rules),
      ];
    },
  },
  {
    kind: 'Policy',
    heads: ['policy', 'service', 'sets'],
    row: (object) => {
      const spec = recordAt(object, 'spec');
      const sections = Object.keys(spec).filter((name) => name !== 'targetRef');
      return [nameIn(object), textAt(recordAt(spec, 'targetRef'), 'name'), sections.join(', ')];
    },
  },
];

/** A table for each kind that occurs. */
export function renderObjects(objects: readonly JsonRecord[], colors: Terminal['colors']): string {
  const parts = tables.flatMap(({ kind, heads, row }) => {
    const rows = objects.filter((object) => object['kind'] === kind).map(row);
    return rows.length === 0
      ? []
      : [
          renderTable(
            heads.map((head) => colors.bold(head.toUpperCase())),
            rows,
          ),
        ];
  });
  return parts.length === 0 ? colors.dim('nothing found') : parts.join('\n\n');
}

/** `catalog@v1 90, catalog@v2 10`, rule after rule. */
export function describeBackends(rules: readonly JsonRecord[]): string {
  return rules
    .map((rule) =>
      recordsAt(rule, 'backendRefs')
        .map((backend) => {
          const version = textAt(backend, 'version');
          const target = version === '' ? textAt(backend, 'name') : `${textAt(backend, 'name')}@${version}`;
          return `${target} ${textAt(backend, 'weight') || '1'}`;
        })
        .join(', '),
    )
    .filter((text) => text !== '')
    .join(' | ');
}

function joinHostPort(address: string, port: string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
