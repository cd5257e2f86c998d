import type { StreamBytes } from '../../../codec/codec.ts';
import type { StreamInfo } from '../stream-info.ts';
import { plain, type OperatorFactory, type OperatorTable } from './format-operator.ts';

type Side = 'downstreamBytes' | 'upstreamBytes';

/** 0 where there was nothing to count: a request without an upstream. */
function bytes(side: Side, count: keyof StreamBytes): OperatorFactory {
  return plain(({ streamInfo }: { readonly streamInfo: StreamInfo }) => streamInfo[side]?.[count] ?? 0);
}

/** What codecs count of each stream. */
export const byteOperators: OperatorTable = {
  DOWNSTREAM_WIRE_BYTES_RECEIVED: bytes('downstreamBytes', 'bytesRead'),
  DOWNSTREAM_WIRE_BYTES_SENT: bytes('downstreamBytes', 'bytesWritten'),
  DOWNSTREAM_HEADER_BYTES_RECEIVED: bytes('downstreamBytes', 'headerBytesRead'),
  DOWNSTREAM_HEADER_BYTES_SENT: bytes('downstreamBytes', 'headerBytesWritten'),
  DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED: bytes('downstreamBytes', 'decompressedHeaderBytesRead'),
  DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT: bytes('downstreamBytes', 'decompressedHeaderBytesWritten'),
  UPSTREAM_WIRE_BYTES_RECEIVED: bytes('upstreamBytes', 'bytesRead'),
  UPSTREAM_WIRE_BYTES_SENT: bytes('upstreamBytes', 'bytesWritten'),
  UPSTREAM_HEADER_BYTES_RECEIVED: bytes('upstreamBytes', 'headerBytesRead'),
  UPSTREAM_HEADER_BYTES_SENT: bytes('upstreamBytes', 'headerBytesWritten'),
  UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED: bytes('upstreamBytes', 'decompressedHeaderBytesRead'),
  UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT: bytes('upstreamBytes', 'decompressedHeaderBytesWritten'),
};
