import {
  cancel,
  framePriority,
  frameSettings,
  frameWindowUpdate,
  refusedStream,
  settingInitialWindowSize,
} from '../../src/codec/http2/protocol.ts';
import { setting, uint32 } from '../../src/codec/http2/testing/scripted-peer.ts';
import { startBehavingUpstream } from './behaving-upstream.ts';
import { cluster, listener, manager, route, type Json } from './bootstrap-parts.ts';
import { countersOfBothHalves, FramePeer } from './frame-peer.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const routes = [
  route('c', { cluster: 'c' }),
  { match: { prefix: '/direct' }, direct_response: { status: 200, body: { inline_string: 'x' } } },
];

/** One for each kind of limit, so that none hides another. */
const managers: Readonly<Record<string, Json>> = {
  plain: { codec_type: 'HTTP2' },
  pauses: { stream_idle_timeout: '0.1s' },
  watched: { http2_protocol_options: { connection_keepalive: { interval: '0.1s', timeout: '0.1s' } } },
  answering: { http2_protocol_options: { max_outbound_control_frames: 1 } },
  sending: { http2_protocol_options: { max_outbound_frames: 1 } },
};

/** More than is excused, whatever else the client does. */
const tooManyResets = 501;
const tooManyFields = Array.from({ length: 101 }, () => ['x', '1'] as const);
/** What a client may send before it has opened a stream, and one more. */
const tooManyPriorities = 101;
const tooManyWindowUpdates = 6;

const ofCodec = 'http2.';

/** Clients that speak HTTP/2: wrong, too much, in a hurry, or without ever reading. */
export async function runHttp2DownstreamScenario(movements: Movements): Promise<void> {
  const upstream = await startBehavingUpstream();
  const sidecar = await startSidecarProcess({
    static_resources: {
      // A request that never got there would fill no buffer.
      clusters: [cluster('c', [upstream.port], { connect_timeout: '60s' })],
      listeners: Object.entries(managers).map(([name, fields]) =>
        listener(name, manager(name, routes, fields)),
      ),
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  const clients: FramePeer[] = [];
  const open = async (name: string): Promise<FramePeer> => {
    const client = await FramePeer.open(await sidecar.portOf(name));
    clients.push(client);
    return client;
  };
  /** It asks for more than buffers hold, allows all of it, and takes nothing. */
  const openDeaf = async (name: string): Promise<FramePeer> => {
    const client = await open(name);
    client.socket.pause();
    client.get(1, '/c/big');
    client.openWindows(1);
    return client;
  };
  try {
    const slow = await open('plain');
    slow.get(1, '/c/big');
    slow.get(3, '/c/hold');
    await run.untilMoved(ofCodec, 'streams_active', 'pending_send_bytes');
    await run.untilMoved('http.<stat_prefix>.', 'downstream_cx_http2_active');

    const hasty = await open('plain');
    hasty.post(1, '/c/hold');
    hasty.reset(1, cancel);
    hasty.post(3, '/c/hold');
    hasty.reset(3, refusedStream);
    // An answer that does not wait for the rest of its request.
    hasty.post(5, '/direct');
    hasty.post(7, '/c/hold');
    hasty.headers(7, [['x-trailer', '1']]);
    hasty.headers(9, tooManyFields);

    const wrong = await open('plain');
    wrong.headers(1, [['x', 'no method']]);
    const empty = await open('plain');
    empty.post(1, '/c/hold');
    for (let count = 0; count < 2; count++) empty.data(1, '');
    const choosy = await open('plain');
    for (let count = 0; count < tooManyPriorities; count++) {
      choosy.frame(framePriority, 0, 1, Buffer.alloc(5));
    }
    const generous = await open('plain');
    for (let count = 0; count < tooManyWindowUpdates; count++) {
      generous.frame(frameWindowUpdate, 0, 0, uint32(1));
    }
    const rapid = await open('plain');
    for (let count = 0; count < tooManyResets; count++) {
      rapid.post(2 * count + 1, '/c/hold');
      rapid.reset(2 * count + 1, cancel);
    }
    await open('watched');
    const closed = await open('pauses');
    closed.frame(frameSettings, 0, 0, setting(settingInitialWindowSize, 0));
    closed.get(1, '/direct');

    const asking = await openDeaf('answering');
    const taking = await openDeaf('sending');
    await run.repeatUntilMoved(ofCodec, ['outbound_control_flood', 'outbound_flood'], () => {
      asking.ping();
      taking.ping();
    });

    await run.untilMoved(ofCodec, ...countersOfBothHalves, 'tx_flush_timeout', 'tx_reset');
    await run.untilMoved(
      'http.<stat_prefix>.',
      'downstream_cx_http2_total',
      'downstream_rq_http2_total',
      'downstream_rq_too_many_premature_resets',
    );
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
    await upstream.close();
  }
}
