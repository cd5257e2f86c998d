/** A frame as it stands on the wire; a text is latin1. Nothing is checked. */
export function buildFrame(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer | string = '',
): Buffer {
  const content = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(content.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, content]);
}
