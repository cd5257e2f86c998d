import type { HeaderMap } from '../../codec/header-map.ts';
import { isGrpc } from './grpc-status.ts';
import { normalizeHost } from './host-normalization.ts';
import type { LocalReply } from './local-reply.ts';
import type { ManagerConfig } from './manager-config.ts';
import { countDownMaxForwards } from './max-forwards.ts';
import { normalizePath } from './path-normalization.ts';
import type { StreamInfo } from './stream-info.ts';
import { asksForTunnel } from './upgrade.ts';

/** Whether a request gets to the filters. */
export type Admission =
  | { readonly kind: 'admitted'; readonly isUpgrade: boolean }
  | { readonly kind: 'refused'; readonly reply: LocalReply };

const admitted: Admission = { kind: 'admitted', isUpgrade: false };
const admittedUpgrade: Admission = { kind: 'admitted', isUpgrade: true };

/** Checks and cleans the head of a request, in Envoy's order: host, path, normalisation, trust. */
export function admitRequest(
  headers: HeaderMap,
  manager: ManagerConfig,
  info: StreamInfo,
  internalOnlyHeaders: readonly string[],
): Admission {
  const { config, stats } = manager;
  const host = headers.get(':authority');
  if (host === undefined) return refuse(400, 'missing_host_header');
  const method = headers.get(':method') ?? '';
  const isConnect = method === 'CONNECT';
  const path = headers.get(':path');
  if (!isConnect) {
    if (path === undefined || path === '') return refuse(404, 'missing_path_rejected');
    if (!path.startsWith('/')) {
      stats.rqNonRelativePath.inc();
      return refuse(404, 'absolute_path_rejected');
    }
    const refusal = applyPathRules(headers, path, manager);
    if (refusal !== undefined) return { kind: 'refused', reply: refusal };
  }
  if (method === 'OPTIONS' || method === 'TRACE') {
    const reply = countDownMaxForwards(method, headers);
    if (reply !== undefined) return { kind: 'refused', reply };
  }
  if (config.stripPort !== 'none' || config.stripTrailingHostDot) {
    headers.set(':authority', normalizeHost(host, config, info.downstreamLocalAddress.port));
  }
  const isUpgrade = asksForTunnel(headers);
  const refusal = manager.sanitizer.sanitize(headers, info, isUpgrade, internalOnlyHeaders);
  if (refusal !== undefined) {
    return {
      kind: 'refused',
      reply: { status: 400, body: 'Bad Request', details: `http1.${refusal}`, flag: 'DPE' },
    };
  }
  return isUpgrade ? admittedUpgrade : admitted;
}

function applyPathRules(
  headers: HeaderMap,
  path: string,
  { config, stats }: ManagerConfig,
): LocalReply | undefined {
  const normalized = normalizePath(path, config);
  switch (normalized.kind) {
    case 'unchanged':
      return undefined;
    case 'changed':
      headers.set(':path', normalized.path);
      return undefined;
    case 'rejected':
      stats.rqFailedPathNormalization.inc();
      return { status: 400, body: '', details: 'path_normalization_failed' };
    case 'redirect':
      headers.set(':path', normalized.path);
      if (isGrpc(headers)) {
        stats.rqFailedPathNormalization.inc();
        return { status: 400, body: '', details: 'path_normalization_failed' };
      }
      stats.rqRedirectedWithNormalizedPath.inc();
      return {
        status: 307,
        body: '',
        details: 'path_normalization_failed',
        headers: [['location', normalized.path]],
      };
  }
}

function refuse(status: number, details: string): Admission {
  return { kind: 'refused', reply: { status, body: '', details } };
}
