import { toLatin1Text } from '../../../lang/latin1.ts';
import type { StreamInfo } from '../stream-info.ts';
import {
  StructuredValue,
  type FormatOperator,
  type OperatorFactory,
  type OperatorTable,
} from './format-operator.ts';

type Metadata = Readonly<Record<string, unknown>>;

/** `NAMESPACE:KEY:KEY…`. */
function metadata(read: (info: StreamInfo) => Metadata | undefined): OperatorFactory {
  return (argument) => {
    const [namespace = '', ...keys] = (argument ?? '').split(':');
    if (namespace === '') return 'needs a namespace';
    return ({ streamInfo }) => {
      let value: unknown = read(streamInfo)?.[namespace];
      for (const key of keys) value = memberOf(value, key);
      if (typeof value === 'string') return toLatin1Text(value);
      if (typeof value === 'number') return value;
      return value === undefined || value === null ? undefined : new StructuredValue(value);
    };
  };
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

const clusterMetadata = metadata((info) => info.upstreamClusterMetadata);
/** Of sessions of the UDP proxy; no other filter writes any. */
const dynamicMetadata = metadata((info) => info.dynamicMetadata);

/** What `%METADATA(TYPE:NAMESPACE:KEY…)%` reads. */
const types: Readonly<Record<string, OperatorFactory>> = {
  CLUSTER: clusterMetadata,
  DYNAMIC: dynamicMetadata,
  ROUTE: metadata((info) => info.route?.route.metadata),
  VIRTUAL_HOST: metadata((info) => info.route?.virtualHost.metadata),
};

function typedMetadata(argument: string | undefined): FormatOperator | string {
  const [type = '', ...rest] = (argument ?? '').split(':');
  const factory = types[type];
  if (factory === undefined) return `takes ${Object.keys(types).join(', ')}, of which the metadata is kept`;
  return factory(rest.join(':'));
}

export const metadataOperators: OperatorTable = {
  CLUSTER_METADATA: clusterMetadata,
  DYNAMIC_METADATA: dynamicMetadata,
  METADATA: typedMetadata,
};
