import type { CodecError } from '../codec.ts';

function refuse(status: number, body: string, details: string): CodecError {
  return Object.freeze({ status, body, details });
}

/** Refused requests: statuses, bodies and response code details as Envoy names them. */
export const requestErrors = {
  malformed: refuse(400, 'Bad Request', 'http1.codec_error'),
  invalidUrl: refuse(400, 'Bad Request', 'http1.invalid_url'),
  invalidScheme: refuse(400, 'Bad Request', 'http1.invalid_scheme'),
  fragment: refuse(400, '', 'path_normalization_failed'),
  missingHost: refuse(400, '', 'missing_host_header'),
  lengthAndChunked: refuse(400, 'Bad Request', 'http1.content_length_and_chunked_not_allowed'),
  bodyDisallowed: refuse(400, 'Bad Request', 'http1.body_disallowed'),
  transferEncodingNotAllowed: refuse(400, 'Bad Request', 'http1.transfer_encoding_not_allowed'),
  chunkedNotLast: refuse(400, 'Bad Request', 'http1.invalid_transfer_encoding'),
  unknownCoding: refuse(501, 'Not Implemented', 'http1.invalid_transfer_encoding'),
  nominatedField: refuse(400, 'Bad Request', 'http1.connection_header_rejected'),
  startLineTooLong: refuse(414, 'URI Too Long', 'http1.headers_too_large'),
  headTooLarge: refuse(431, 'Request Header Fields Too Large', 'http1.headers_too_large'),
  tooManyFields: refuse(431, 'Request Header Fields Too Large', 'http1.too_many_headers'),
  lowVersion: refuse(426, 'Upgrade Required', 'low_version'),
  unknownVersion: refuse(505, 'HTTP Version Not Supported', 'http1.codec_error'),
} as const;

/** Refused answers: 502 for the client. */
export const responseErrors = {
  malformed: refuse(502, '', 'http1.codec_error'),
  unsolicited: refuse(502, '', 'http1.unsolicited_response'),
  unasked101: refuse(502, '', 'http1.unexpected_switching_protocols'),
  lengthAndChunked: refuse(502, '', 'http1.content_length_and_chunked_not_allowed'),
  transferEncodingNotAllowed: refuse(502, '', 'http1.transfer_encoding_not_allowed'),
  unknownCoding: refuse(502, '', 'http1.invalid_transfer_encoding'),
  startLineTooLong: refuse(502, '', 'http1.headers_too_large'),
  headTooLarge: refuse(502, '', 'http1.headers_too_large'),
  tooManyFields: refuse(502, '', 'http1.too_many_headers'),
} as const;

/** What the shared parts of the parsers need of either table. */
export interface FieldErrors {
  readonly malformed: CodecError;
  /** The start line alone is larger than a head may be (RFC 9112 3: 414). */
  readonly startLineTooLong: CodecError;
  readonly headTooLarge: CodecError;
  readonly tooManyFields: CodecError;
}
