import { toLatin1Text } from '../../../lang/latin1.ts';
import type { OperatorFactory, OperatorTable } from './format-operator.ts';

/**
 * `NAME`, `NAME:TYPED`, `NAME:PLAIN`: the object as JSON; `NAME:FIELD:KEY`: one of its texts. Objects are what a PROXY
 * header's TLVs were kept in.
 */
const filterState: OperatorFactory = (argument) => {
  const [name = '', form = 'TYPED', field = ''] = (argument ?? '').split(':');
  if (name === '') return 'needs a name';
  if (!['PLAIN', 'TYPED', 'FIELD'].includes(form)) return 'takes PLAIN, TYPED or FIELD behind the name';
  if (form === 'FIELD' && field === '') return 'needs the name of a field';
  return ({ streamInfo }) => {
    const object = streamInfo.downstreamOrigin?.filterState[name];
    if (object === undefined) return undefined;
    const text = form === 'FIELD' ? object[field] : JSON.stringify(object);
    return text === undefined ? undefined : toLatin1Text(text);
  };
};

export const filterStateOperators: OperatorTable = { FILTER_STATE: filterState };
