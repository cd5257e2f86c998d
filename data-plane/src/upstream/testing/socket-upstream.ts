import type { Clock } from '@heddle/shared/time/clock';
import { systemRng } from '@heddle/shared/random/rng';
import { systemClock } from '@heddle/shared/time/clock';
import { CodecWorkspace } from '../../codec/codec-workspace.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { connectSocket } from '../../transport/connect-socket.ts';
import { createTransportContext } from '../../transport/transport-context.ts';
import { ClientCodecs } from '../pool/client-codecs.ts';
import type { UpstreamConnector } from '../pool/upstream-connector.ts';

/** Real sockets and the real codec, as a composition root puts them together. */
export function createSocketUpstream(clock: Clock = systemClock): {
  readonly connector: UpstreamConnector;
  readonly codecs: ClientCodecs;
} {
  const context = createTransportContext(new TimerWheel(clock));
  return {
    connector: {
      connect: ({ address }, connectTimeoutMs) =>
        connectSocket(context, { remoteAddress: address, connectTimeoutMs }),
    },
    codecs: new ClientCodecs(new CodecWorkspace(), clock, systemRng),
  };
}
