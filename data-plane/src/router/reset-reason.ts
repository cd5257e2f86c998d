import type { StreamResetReason } from '../codec/codec.ts';
import type { LocalReply } from '../downstream/http/local-reply.ts';
import type { ResponseFlag } from '../downstream/http/response-flag.ts';

interface ResetReasonText {
  /** Envoy's words, in bodies; with underscores in details. */
  readonly text: string;
  readonly flag: ResponseFlag;
}

const texts: Readonly<Record<StreamResetReason, ResetReasonText>> = {
  'local-reset': { text: 'local reset', flag: 'LR' },
  'remote-reset': { text: 'remote reset', flag: 'UR' },
  'local-connection-failure': { text: 'local connection failure', flag: 'UF' },
  'remote-connection-failure': { text: 'remote connection failure', flag: 'UF' },
  'connection-timeout': { text: 'connection timeout', flag: 'UF' },
  'connection-termination': { text: 'connection termination', flag: 'UC' },
  overflow: { text: 'overflow', flag: 'UO' },
  'protocol-error': { text: 'protocol error', flag: 'UPE' },
  'remote-refused-stream': { text: 'remote refused stream reset', flag: 'UR' },
};

export function flagOfReset(reason: StreamResetReason): ResponseFlag {
  return texts[reason].flag;
}

/** `{remote_connection_failure|delayed_connect_error:_Connection_refused}`, as response code details have it. */
export function detailsOfReset(reason: StreamResetReason, detail: string): string {
  const inBraces = detail === '' ? texts[reason].text : `${texts[reason].text}|${detail}`;
  return `{${inBraces.replaceAll(' ', '_')}}`;
}

export function isConnectFailure(reason: StreamResetReason): boolean {
  return (
    reason === 'local-connection-failure' ||
    reason === 'remote-connection-failure' ||
    reason === 'connection-timeout'
  );
}

/** What the client is told of an upstream that gave no answer. `failure`: why the connection could not be made. */
export function replyToReset(
  reason: StreamResetReason,
  failure: string,
  isRetried: boolean,
  suppressEnvoyHeaders: boolean,
): LocalReply {
  const retried = isRetried ? 'retried and the latest ' : '';
  const isOverloaded = reason === 'overflow' && !suppressEnvoyHeaders;
  return {
    status: reason === 'protocol-error' ? 502 : 503,
    body: `upstream connect error or disconnect/reset before headers. ${retried}reset reason: ${texts[reason].text}`,
    details: `upstream_reset_before_response_started${detailsOfReset(reason, failure)}`,
    headers: isOverloaded ? [['x-envoy-overloaded', 'true']] : [],
  };
}
