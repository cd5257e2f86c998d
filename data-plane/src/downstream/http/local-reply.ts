import type { HeaderMap } from '../../codec/header-map.ts';
import type { ResponseFlag } from './response-flag.ts';

/** An answer that the proxy makes itself. The only way in which an error becomes a response. */
export interface LocalReply {
  readonly status: number;
  /** Text; empty for none. */
  readonly body: string;
  /** `%RESPONSE_CODE_DETAILS%`. */
  readonly details: string;
  readonly flag?: ResponseFlag;
  /** `grpc-status` for gRPC requests; derived from `status` when absent. */
  readonly grpcStatus?: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Runs on the answer's finished headers, before the encoders see them. */
  readonly modifyHeaders?: (headers: HeaderMap) => void;
}
