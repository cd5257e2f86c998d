import { Type, type Static } from '@sinclair/typebox';
import {
  headerNameSchema,
  HeaderValueSchema,
  hostnameSchema,
  pathProblem,
  PortSchema,
} from './field-formats.ts';
import { closedObject, oneOf, withCheck, type CheckedProblem } from './schema.ts';

const HeaderSchema = closedObject({
  name: headerNameSchema('Name of the header.'),
  value: HeaderValueSchema,
});

export const HeaderModifierSchema = withCheck(
  closedObject(
    {
      set: Type.Optional(Type.Array(HeaderSchema, { maxItems: 16, description: 'Replaces the header.' })),
      add: Type.Optional(Type.Array(HeaderSchema, { maxItems: 16, description: 'Appends to the header.' })),
      remove: Type.Optional(Type.Array(headerNameSchema('Header to remove.'), { maxItems: 16 })),
    },
    { description: 'What is done to the headers; remove comes first, then set, then add. Not for host.' },
  ),
  ({ set = [], add = [], remove = [] }) => {
    // Envoy refuses such a route, and with it the whole table that holds it.
    const isHost = (name: string): boolean => name.toLowerCase() === 'host';
    const message = 'host is changed with URLRewrite.hostname';
    return [
      ...set.flatMap(({ name }, index) => (isHost(name) ? [{ path: `/set/${index}/name`, message }] : [])),
      ...add.flatMap(({ name }, index) => (isHost(name) ? [{ path: `/add/${index}/name`, message }] : [])),
      ...remove.flatMap((name, index) => (isHost(name) ? [{ path: `/remove/${index}`, message }] : [])),
    ];
  },
);

export const PathModifierSchema = withCheck(
  closedObject({
    type: oneOf(['ReplaceFullPath', 'ReplacePrefixMatch'], 'What is replaced.'),
    replaceFullPath: Type.Optional(Type.String({ maxLength: 1024 })),
    replacePrefixMatch: Type.Optional(Type.String({ maxLength: 1024 })),
  }),
  (path) => {
    const wanted = path.type === 'ReplaceFullPath' ? 'replaceFullPath' : 'replacePrefixMatch';
    const other = path.type === 'ReplaceFullPath' ? 'replacePrefixMatch' : 'replaceFullPath';
    const problems: CheckedProblem[] = [];
    const value = path[wanted];
    if (path[other] !== undefined)
      problems.push({ path: `/${other}`, message: `does not go with type ${path.type}` });
    if (value === undefined)
      problems.push({ path: `/${wanted}`, message: `is required with type ${path.type}` });
    // An empty prefix is how the Gateway API spells "strip the prefix".
    const message = value === undefined || value === '' ? undefined : pathProblem(value);
    if (message !== undefined) problems.push({ path: `/${wanted}`, message });
    return problems;
  },
);

export const UrlRewriteSchema = closedObject({
  hostname: Type.Optional(hostnameSchema('New host name of the request.', { allowWildcard: false })),
  path: Type.Optional(PathModifierSchema),
});

export const RequestRedirectSchema = closedObject({
  scheme: Type.Optional(oneOf(['http', 'https'], 'Scheme of the new location.')),
  hostname: Type.Optional(hostnameSchema('Host name of the new location.', { allowWildcard: false })),
  path: Type.Optional(PathModifierSchema),
  port: Type.Optional(PortSchema),
  statusCode: Type.Optional(
    Type.Unsafe<301 | 302 | 303 | 307 | 308>(
      Type.Union(
        [301, 302, 303, 307, 308].map((status) => Type.Literal(status)),
        { default: 302 },
      ),
    ),
  ),
});

const fieldOfType = {
  URLRewrite: 'urlRewrite',
  RequestRedirect: 'requestRedirect',
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
} as const;

/** `type` names the one other field that is set, as in the Gateway API. */
export const HttpRouteFilterSchema = withCheck(
  closedObject({
    type: oneOf(
      ['URLRewrite', 'RequestRedirect', 'RequestHeaderModifier', 'ResponseHeaderModifier'],
      'Which filter; its settings stand in the field of the same name.',
    ),
    urlRewrite: Type.Optional(UrlRewriteSchema),
    requestRedirect: Type.Optional(RequestRedirectSchema),
    requestHeaderModifier: Type.Optional(HeaderModifierSchema),
    responseHeaderModifier: Type.Optional(HeaderModifierSchema),
  }),
  (filter) => {
    const problems: CheckedProblem[] = [];
    for (const [type, field] of Object.entries(fieldOfType)) {
      const isSet = filter[field] !== undefined;
      if (type === filter.type && !isSet)
        problems.push({ path: `/${field}`, message: `is required with type ${type}` });
      if (type !== filter.type && isSet) {
        problems.push({ path: `/${field}`, message: `does not go with type ${filter.type}` });
      }
    }
    return problems;
  },
);

export type HeaderModifier = Static<typeof HeaderModifierSchema>;
export type PathModifier = Static<typeof PathModifierSchema>;
export type UrlRewrite = Static<typeof UrlRewriteSchema>;
export type RequestRedirect = Static<typeof RequestRedirectSchema>;
export type HttpRouteFilter = Static<typeof HttpRouteFilterSchema>;
