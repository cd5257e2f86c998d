import { setPriority } from 'node:os';
import { createAbuseUpstream } from '../../abuse/abuse-upstream.ts';

/** A program: the upstream of attacks. `abuse-upstream.ts <port>` */
setPriority(10);
createAbuseUpstream().listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
