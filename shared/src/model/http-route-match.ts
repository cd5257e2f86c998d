import { Type, type Static } from '@sinclair/typebox';
import { headerNameSchema, pathProblem, regexProblem } from './field-formats.ts';
import { closedObject, oneOf, withCheck } from './schema.ts';

const valueTypes = ['Exact', 'RegularExpression'] as const;

function regexValueProblem(match: { readonly type?: string; readonly value: string }) {
  const message = match.type === 'RegularExpression' ? regexProblem(match.value) : undefined;
  return message === undefined ? undefined : [{ path: '/value', message }];
}

export const PathMatchSchema = withCheck(
  closedObject(
    {
      type: Type.Optional(
        oneOf(['Exact', 'PathPrefix', 'RegularExpression'], 'How the path is compared.', 'PathPrefix'),
      ),
      value: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, default: '/' })),
    },
    { description: 'PathPrefix compares whole segments: "/a" takes "/a" and "/a/b", not "/ab".' },
  ),
  ({ type, value }) => {
    if (value === undefined) {
      if (type === undefined || type === 'PathPrefix') return undefined;
      return [{ path: '/value', message: `is required with type ${type}` }];
    }
    const message = type === 'RegularExpression' ? regexProblem(value) : pathProblem(value);
    return message === undefined ? undefined : [{ path: '/value', message }];
  },
);

export const HeaderMatchSchema = withCheck(
  closedObject({
    type: Type.Optional(oneOf(valueTypes, 'How the value is compared.', 'Exact')),
    name: headerNameSchema('Name of the header, in any case.'),
    value: Type.String({ minLength: 1, maxLength: 4096 }),
  }),
  regexValueProblem,
);

export const QueryParamMatchSchema = withCheck(
  closedObject({
    type: Type.Optional(oneOf(valueTypes, 'How the value is compared.', 'Exact')),
    name: Type.String({ minLength: 1, maxLength: 256 }),
    value: Type.String({ minLength: 1, maxLength: 1024 }),
  }),
  regexValueProblem,
);

export const HttpRouteMatchSchema = closedObject(
  {
    path: Type.Optional(PathMatchSchema),
    headers: Type.Optional(Type.Array(HeaderMatchSchema, { maxItems: 16 })),
    queryParams: Type.Optional(Type.Array(QueryParamMatchSchema, { maxItems: 16 })),
    method: Type.Optional(
      oneOf(
        ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
        'Only requests of this method.',
      ),
    ),
  },
  { description: 'All conditions of one match must hold; an empty match takes every request.' },
);

export type PathMatch = Static<typeof PathMatchSchema>;
export type HeaderMatch = Static<typeof HeaderMatchSchema>;
export type QueryParamMatch = Static<typeof QueryParamMatchSchema>;
export type HttpRouteMatch = Static<typeof HttpRouteMatchSchema>;
