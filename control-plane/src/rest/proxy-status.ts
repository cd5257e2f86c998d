import { oneOf } from '@heddle/shared/model/schema';
import { Type, type Static } from '@sinclair/typebox';

export const ProxyTypeStatusSchema = Type.Object({
  type: Type.String({ description: 'Short name of the resource type: Cluster, Listener, …' }),
  sentVersion: Type.String({ description: 'Version that was sent last; empty when nothing was.' }),
  acknowledgedVersion: Type.String({ description: 'Version that the proxy accepted last; empty when none.' }),
  nonce: Type.String({ description: 'Nonce of the last response.' }),
  state: oneOf(
    ['synced', 'stale', 'refused'],
    'Accepted what was sent; has not answered yet; or refused it.',
  ),
  liveVersion: Type.Optional(
    Type.String({ description: 'Version that all workers serve; only Heddle sidecars report it.' }),
  ),
  lastNack: Type.Optional(
    Type.Object({
      version: Type.String({ description: 'Version that was refused.' }),
      message: Type.String({ description: 'What the proxy said.' }),
      at: Type.Integer({ description: 'Epoch milliseconds.' }),
      resourceNames: Type.Optional(Type.Array(Type.String())),
    }),
  ),
});

export const ProxyLeftOutSchema = Type.Object(
  {
    type: Type.String({ description: 'Short name of the resource type.' }),
    resource: Type.String({ description: 'Name of the resource.' }),
    part: Type.Optional(
      Type.String({ description: 'What of it, in the words of the mesh; absent: all of it.' }),
    ),
    reason: Type.String(),
  },
  { description: 'What the proxy wants and does not get, because of what it is, or says of itself.' },
);

export const ProxyStatusSchema = Type.Object({
  node: Type.String({ description: 'Node id.' }),
  cluster: Type.String({ description: 'Cluster of the node.' }),
  isConnected: Type.Boolean(),
  connectedAt: Type.Integer({ description: 'Epoch milliseconds.' }),
  userAgent: Type.String({ description: 'Name and version that the proxy gave.' }),
  types: Type.Array(ProxyTypeStatusSchema),
  leftOut: Type.Optional(Type.Array(ProxyLeftOutSchema)),
  liveVersion: Type.String({
    description: 'Hash over what all workers serve, of every type; "unknown" for a foreign proxy.',
  }),
});

export type ProxyTypeStatus = Static<typeof ProxyTypeStatusSchema>;
export type ProxyLeftOut = Static<typeof ProxyLeftOutSchema>;
export type ProxyStatus = Static<typeof ProxyStatusSchema>;

/** What the xDS server knows about its proxies. Asked for each request; answers with values of the moment. */
export interface ProxyStatusSource {
  /** In order of node ids. */
  list(): readonly ProxyStatus[];
  get(node: string): ProxyStatus | undefined;
}
