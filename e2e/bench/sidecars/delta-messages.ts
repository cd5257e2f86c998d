/**
 * The few fields of delta xDS that a simulated sidecar needs, read and written by hand: a thousand of them share one
 * core with everything else that measures, so nothing is decoded that nobody looks at.
 */
export interface DeltaRequest {
  /** Only in the first request of a stream. */
  readonly nodeId?: string;
  readonly typeUrl: string;
  readonly subscribe?: readonly string[];
  /** Acknowledges the response with this nonce. */
  readonly nonce?: string;
}

export interface DeltaResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resourceNames: readonly string[];
}

/** A DeltaDiscoveryRequest in its gRPC frame. */
export function encodeDeltaRequest({ nodeId, typeUrl, subscribe = [], nonce }: DeltaRequest): Buffer {
  const fields = [
    ...(nodeId === undefined ? [] : [lengthDelimited(1, lengthDelimited(1, Buffer.from(nodeId)))]),
    lengthDelimited(2, Buffer.from(typeUrl)),
    ...subscribe.map((name) => lengthDelimited(3, Buffer.from(name))),
    ...(nonce === undefined ? [] : [lengthDelimited(6, Buffer.from(nonce))]),
  ];
  const message = Buffer.concat(fields);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Field numbers below 16 only. */
function lengthDelimited(field: number, value: Buffer): Buffer {
  const head = [(field << 3) | 2];
  let length = value.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  head.push(length);
  return Buffer.concat([Buffer.from(head), value]);
}

/** A DeltaDiscoveryResponse without its frame. */
export function decodeDeltaResponse(message: Buffer): DeltaResponse {
  let [typeUrl, nonce] = ['', ''];
  const resourceNames: string[] = [];
  readFields(message, 0, message.length, (field, start, end) => {
    if (field === 4) typeUrl = message.toString('latin1', start, end);
    else if (field === 5) nonce = message.toString('latin1', start, end);
    else if (field === 2) {
      readFields(message, start, end, (inner, innerStart, innerEnd) => {
        if (inner === 3) resourceNames.push(message.toString('latin1', innerStart, innerEnd));
      });
    }
  });
  return { typeUrl, nonce, resourceNames };
}

/** Calls `onField` for every length-delimited field. */
function readFields(
  bytes: Buffer,
  start: number,
  end: number,
  onField: (field: number, start: number, end: number) => void,
): void {
  let position = start;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[position++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (position < end) {
    const tag = varint();
    if ((tag & 7) === 2) {
      const length = varint();
      onField(tag >>> 3, position, position + length);
      position += length;
    } else if ((tag & 7) === 0) varint();
    else position += (tag & 7) === 1 ? 8 : 4;
  }
}
