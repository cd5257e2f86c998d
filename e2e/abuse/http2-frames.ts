/** Frames of HTTP/2 as an attacker writes them: nothing is checked (RFC 9113, section 4.1; RFC 7541, section 6). */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const endStream = 0x1;
export const endHeaders = 0x4;

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** The identifiers that attacks set. */
export const setting = { initialWindowSize: 4, maxFrameSize: 5 } as const;

/** Without a higher SETTINGS_MAX_FRAME_SIZE. */
export const maxFrameBytes = 16_384;
export const greatestStreamId = 0x7fffffff;

const noPayload = Buffer.alloc(0);

export function frame(type: number, flags: number, streamId: number, payload: Buffer = noPayload): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  payload.copy(bytes, 9);
  return bytes;
}

export function settings(...values: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * values.length);
  values.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  });
  return frame(frameType.settings, 0, 0, payload);
}

export const settingsAck = frame(frameType.settings, 1, 0);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(frameType.windowUpdate, 0, streamId, uint32(increment));
}

export function reset(streamId: number): Buffer {
  const cancel = 8;
  return frame(frameType.reset, 0, streamId, uint32(cancel));
}

/** HEADERS, and CONTINUATIONs where one frame does not hold the block. */
export function headers(streamId: number, block: Buffer, flags = endStream): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += maxFrameBytes) {
    const isLast = at + maxFrameBytes >= block.length;
    const type = at === 0 ? frameType.headers : frameType.continuation;
    const own = (at === 0 ? flags : 0) | (isLast ? endHeaders : 0);
    frames.push(frame(type, own, streamId, block.subarray(at, at + maxFrameBytes)));
  }
  return Buffer.concat(frames);
}

/** An integer of HPACK behind the first bits of its byte. */
function prefixed(bits: number, first: number, value: number): Buffer {
  const limit = (1 << bits) - 1;
  if (value < limit) return Buffer.from([first | value]);
  const bytes = [first | limit];
  let rest = value - limit;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function text(value: string): Buffer {
  return Buffer.concat([prefixed(7, 0, value.length), Buffer.from(value, 'latin1')]);
}

/** A field that stays out of the dynamic table. */
export function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

/** A field that goes into the dynamic table, where `newestEntry` stands for it from then on. */
export function indexedField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
}

/** The one byte that stands for what came into the dynamic table last. */
export const newestEntry = 0x80 | 62;

/** The fields that every request has. Static entries: 2 `GET`, 3 `POST`, 6 `http`, 4 `:path`, 1 `:authority`. */
export function requestBlock(
  method: 'GET' | 'POST',
  host: string,
  path: string,
  ...more: readonly Buffer[]
): Buffer {
  return Buffer.concat([
    Buffer.from([0x80 | (method === 'GET' ? 2 : 3), 0x80 | 6]),
    ...[prefixed(4, 0, 4), text(path), prefixed(4, 0, 1), text(host)],
    ...more,
  ]);
}
