import {
  framePriority,
  frameWindowUpdate,
  internalError,
  refusedStream,
} from '../../src/codec/http2/protocol.ts';
import { uint32 } from '../../src/codec/http2/testing/scripted-peer.ts';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import { cluster, http2Options, listener, manager, route } from './bootstrap-parts.ts';
import type { FramePeer } from './frame-peer.ts';
import { startFrameServer } from './frame-server.ts';
import { countersOfBothHalves } from './frame-peer.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const ok = [[':status', '200']] as const;
const tooManyFields = Array.from({ length: 100 }, () => ['x', '1'] as const);
/** More than a server may send, were all requests on one connection. */
const tooManyPriorities = 2_000;
const tooManyWindowUpdates = 100;
const bigBytes = 32 * 1024 * 1024;

const ofCluster = 'cluster.<cluster>.';
const ofCodec = `${ofCluster}http2.`;

/** What a request's path makes the server do. Of any other it hears, and says nothing. */
const behaviours: Readonly<Record<string, (peer: FramePeer, streamId: number) => void>> = {
  '/large': (peer, id) => peer.headers(id, [...ok, ...tooManyFields]),
  '/wrong': (peer, id) => peer.headers(id, [['x', 'no status']]),
  '/reset': (peer, id) => peer.reset(id, internalError),
  '/refused': (peer, id) => peer.reset(id, refusedStream),
  '/trailers'(peer, id) {
    peer.headers(id, ok, false);
    peer.headers(id, [['x-trailer', '1']]);
  },
  '/empty'(peer, id) {
    peer.headers(id, ok, false);
    for (let count = 0; count < 2; count++) peer.data(id, '');
  },
  '/choosy'(peer, id) {
    for (let count = 0; count < tooManyPriorities; count++) {
      peer.frame(framePriority, 0, id, Buffer.alloc(5));
    }
  },
  '/generous'(peer) {
    for (let count = 0; count < tooManyWindowUpdates; count++) {
      peer.frame(frameWindowUpdate, 0, 0, uint32(1));
    }
  },
};

/** Servers that speak HTTP/2: wrong, too much, gone, or without ever reading. */
export async function runHttp2UpstreamScenario(movements: Movements): Promise<void> {
  const deaf: FramePeer[] = [];
  const upstream = await startFrameServer((peer, streamId, path) => {
    behaviours[path]?.(peer, streamId);
    if (path !== '/deaf') return;
    // It allows a request of any size, and takes nothing of it.
    peer.socket.pause();
    peer.openWindows(streamId);
    deaf.push(peer);
  });
  const ports = [upstream.port];
  const clusters = [
    cluster('plain', ports, http2Options({})),
    cluster('watched', ports, http2Options({ connection_keepalive: { interval: '0.1s', timeout: '0.1s' } })),
    cluster('answering', ports, http2Options({ max_outbound_control_frames: 1 })),
    cluster('sending', ports, http2Options({ max_outbound_frames: 1 })),
  ];
  const routes = clusters.map(({ name }) => route(String(name), { cluster: name, timeout: '0s' }));
  const sidecar = await startSidecarProcess({
    static_resources: { clusters, listeners: [listener('main', manager('main', routes))] },
  });
  const run = new ScenarioRun(sidecar, movements);
  const clients: RawClient[] = [];
  const port = await sidecar.portOf('main');
  const open = async (text: string): Promise<RawClient> => {
    const client = await RawClient.open(port);
    clients.push(client);
    client.send(text);
    return client;
  };
  /** Returns when the answer has ended, whole or not. */
  const ask = async (path: string): Promise<void> => {
    const client = await open(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    await client.closed();
  };
  const sendBig = async (path: string): Promise<RawClient> => {
    const client = await open(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${bigBytes}\r\n\r\n`);
    client.socket.write(Buffer.alloc(bigBytes));
    return client;
  };
  try {
    for (const path of Object.keys(behaviours)) await ask(`/plain${path}`);
    const leaving = await sendBig('/plain/hold');
    await run.untilMoved(ofCodec, 'streams_active', 'pending_send_bytes');
    leaving.socket.resetAndDestroy();
    await ask('/watched/hold');

    await sendBig('/answering/deaf');
    await sendBig('/sending/deaf');
    await run.repeatUntilMoved(ofCodec, ['outbound_control_flood', 'outbound_flood'], () => {
      for (const peer of deaf) peer.ping();
    });

    await run.untilMoved(ofCodec, ...countersOfBothHalves, 'tx_reset');
    await run.untilMoved(ofCluster, 'upstream_cx_http2_total');
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
    await upstream.close();
  }
}
