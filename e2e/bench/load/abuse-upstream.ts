import { createAbuseUpstream } from '../../abuse/abuse-upstream.ts';
import { createHttp2AbuseUpstream } from '../../abuse/http2-abuse-upstream.ts';
import { lowerPriority } from './lower-priority.ts';

/** A program: the upstreams of attacks. `abuse-upstream.ts <port> <port for HTTP/2>` */
lowerPriority();
const [port, http2Port] = process.argv.slice(2).map(Number);
createAbuseUpstream().listen({ port, host: '127.0.0.1', backlog: 4096 });
createHttp2AbuseUpstream().listen({ port: http2Port, host: '127.0.0.1', backlog: 4096 });
