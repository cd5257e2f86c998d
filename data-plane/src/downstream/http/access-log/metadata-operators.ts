import { toLatin1Text } from '../../../lang/latin1.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { FormatOperator, OperatorFactory, OperatorTable } from './format-operator.ts';

type Metadata = Readonly<Record<string, unknown>>;

/** `NAMESPACE:KEY:KEY…`: texts as they are, other values as JSON. */
function metadata(read: (info: StreamInfo) => Metadata | undefined): OperatorFactory {
  return (argument) => {
    const [namespace = '', ...keys] = (argument ?? '').split(':');
    if (namespace === '') return 'needs a namespace';
    return ({ streamInfo }) => {
      let value: unknown = read(streamInfo)?.[namespace];
      for (const key of keys) {
        value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
      }
      if (value === undefined || typeof value === 'number') return value;
      return toLatin1Text(typeof value === 'string' ? value : JSON.stringify(value));
    };
  };
}

const clusterMetadata = metadata((info) => info.upstreamClusterMetadata);
/** No filter writes any. */
const dynamicMetadata = metadata(() => undefined);

function typedMetadata(argument: string | undefined): FormatOperator | string {
  const [type = '', ...rest] = (argument ?? '').split(':');
  if (type === 'CLUSTER') return clusterMetadata(rest.join(':'));
  if (type === 'DYNAMIC') return dynamicMetadata(rest.join(':'));
  return 'takes CLUSTER or DYNAMIC, of which the metadata is kept';
}

export const metadataOperators: OperatorTable = {
  CLUSTER_METADATA: clusterMetadata,
  DYNAMIC_METADATA: dynamicMetadata,
  METADATA: typedMetadata,
};
