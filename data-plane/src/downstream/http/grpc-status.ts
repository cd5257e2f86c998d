import type { HeaderMap } from '../../codec/header-map.ts';

const camelNames = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists'],
  ...[
    'PermissionDenied',
    'ResourceExhausted',
    'FailedPrecondition',
    'Aborted',
    'OutOfRange',
    'Unimplemented',
  ],
  ...['Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
];
const snakeNames = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE'],
  ...['UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
];

/** A request or answer of gRPC: `application/grpc` or `application/grpc+…`, nothing else. */
export function isGrpc(headers: HeaderMap): boolean {
  const type = headers.get('content-type');
  if (type === undefined || !type.startsWith('application/grpc')) return false;
  return type.length === 16 || type[16] === '+';
}

/** gRPC status for an HTTP status (gRPC's own mapping for proxies). */
export function grpcStatusOfHttp(status: number): number {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/** What stands for a `grpc-status` that is no number. */
export const invalidGrpcStatus = -1;

/** Status of an answer: from trailers, else headers (trailers-only), else derived from the HTTP status (0: none). */
export function grpcStatusOf(
  trailers: HeaderMap | undefined,
  headers: HeaderMap | undefined,
  httpStatus: number,
): number | undefined {
  // An empty field says nothing, so that the next source is asked.
  const value = trailers?.get('grpc-status') || headers?.get('grpc-status');
  if (value) return /^\d+$/.test(value) ? Number(value) : invalidGrpcStatus;
  return httpStatus === 0 ? undefined : grpcStatusOfHttp(httpStatus);
}

/** `DeadlineExceeded`, `DEADLINE_EXCEEDED`; a number that is no status stays one. */
export function formatGrpcStatus(status: number, style: 'camel' | 'snake'): string {
  return (style === 'camel' ? camelNames : snakeNames)[status] ?? String(status);
}

/** `grpc-message`: UTF-8 (or bytes as they are), everything but printable ASCII percent-encoded, `%` and `~` too. */
export function encodeGrpcMessage(text: string | Buffer): string {
  let encoded = '';
  for (const byte of typeof text === 'string' ? Buffer.from(text, 'utf8') : text) {
    const isPlain = byte >= 0x20 && byte < 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
