import { InvalidInputError, formatProblem, type Problem } from '@heddle/shared/errors/problem';
import type { ClientStatusRequest, ClientStatusResponse, Node } from '@heddle/shared/xds/api';
import { holdsSecret } from '@heddle/shared/xds/holds-secret';
import type { MessageInit } from '@heddle/shared/xds/message-init';
import { fromMs } from '@heddle/shared/xds/milliseconds';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { XdsApi } from '@heddle/shared/xds/xds-api';

/** Everything of one type over one stream, as the proxy's xDS client sees it. */
export interface TypeStatusView {
  readonly typeUrl: string;
  readonly resources: readonly ResourceStatusView[];
}

/** Times are epoch ms; `updatedAt` 0: no answer came. */
export interface ResourceStatusView {
  readonly name: string;
  readonly state: keyof typeof clientStatuses;
  /** Of what is held; empty if nothing is. */
  readonly version: string;
  readonly updatedAt: number;
  readonly bytes?: Uint8Array;
  readonly error?: { readonly version: string; readonly problems: readonly Problem[]; readonly at: number };
}

export interface ClientStatusView {
  readonly node: MessageInit<Node>;
  types(): readonly TypeStatusView[];
}

type GenericConfig = NonNullable<
  NonNullable<MessageInit<ClientStatusResponse>['config']>[number]['genericXdsConfigs']
>[number];

/** `envoy.admin.v3.ClientResourceStatus`. What was taken from the disk was neither acknowledged nor refused. */
export const clientStatuses = {
  requested: 'REQUESTED',
  acked: 'ACKED',
  nacked: 'NACKED',
  'does-not-exist': 'DOES_NOT_EXIST',
  timeout: 'TIMEOUT',
  restored: 'UNKNOWN',
} as const;

/**
 * CSDS of the proxy about itself: every resource that it asked a control plane for. Resources that hold private keys or
 * passwords come without content. @throws InvalidInputError for node matchers: there is one node
 */
export function describeOwnStatus(
  api: XdsApi,
  { node, types }: ClientStatusView,
  { nodeMatchers, excludeResourceContents }: ClientStatusRequest,
): MessageInit<ClientStatusResponse> {
  if (nodeMatchers.length > 0) {
    const message = 'the proxy answers for itself alone, and matches no nodes';
    throw new InvalidInputError([{ path: 'node_matchers', message }]);
  }
  const genericXdsConfigs = types().flatMap(({ typeUrl, resources }) =>
    resources.map((resource) => toConfig(api, typeUrl, resource, excludeResourceContents)),
  );
  return { config: [{ node, genericXdsConfigs }] };
}

/** `envoy.admin.v3.UpdateFailureState`. */
export function toErrorState({ version, problems, at }: NonNullable<ResourceStatusView['error']>) {
  const details = problems.map(formatProblem).join('; ');
  return { details, versionInfo: version, lastUpdateAttempt: fromMs(at) };
}

function toConfig(
  api: XdsApi,
  typeUrl: string,
  { name, state, version, updatedAt, bytes, error }: ResourceStatusView,
  isBare: boolean,
): GenericConfig {
  const isShown = bytes !== undefined && !isBare && !isSecret(api, typeUrl, bytes);
  return {
    typeUrl,
    name,
    versionInfo: version,
    clientStatus: clientStatuses[state],
    ...(updatedAt === 0 ? {} : { lastUpdated: fromMs(updatedAt) }),
    ...(isShown ? { xdsConfig: { typeUrl, value: bytes } } : {}),
    ...(error === undefined ? {} : { errorState: toErrorState(error) }),
  };
}

function isSecret(api: XdsApi, typeUrl: string, bytes: Uint8Array): boolean {
  const type = api.types.findMessage(toTypeName(typeUrl));
  return type === undefined || holdsSecret(api.types, type, api.decodeType(type, bytes));
}
