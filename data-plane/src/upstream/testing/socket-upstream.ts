import type { Clock } from '@heddle/shared/time/clock';
import { systemClock } from '@heddle/shared/time/clock';
import { Http1Workspace } from '../../codec/http1/workspace.ts';
import { TimerWheel } from '../../time/timer-wheel.ts';
import { connectSocket } from '../../transport/connect-socket.ts';
import { createTransportContext } from '../../transport/transport-context.ts';
import { createHttp1CodecFactory } from '../pool/http1-codec-factory.ts';
import type { ClientCodecFactory, UpstreamConnector } from '../pool/upstream-connector.ts';

/** Real sockets and the real codec, as a composition root puts them together. */
export function createSocketUpstream(clock: Clock = systemClock): {
  readonly connector: UpstreamConnector;
  readonly createCodec: ClientCodecFactory;
} {
  const context = createTransportContext(new TimerWheel(clock));
  return {
    connector: {
      connect: (remoteAddress, connectTimeoutMs) =>
        connectSocket(context, { remoteAddress, connectTimeoutMs }),
    },
    createCodec: createHttp1CodecFactory(new Http1Workspace()),
  };
}
