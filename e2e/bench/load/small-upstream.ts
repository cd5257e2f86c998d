import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findFreePort } from '@heddle/shared/testing/free-port';
import { findPeer } from '@heddle/shared/testing/peers';
import { nginxHead } from '../proxies/nginx.ts';
import { benchHost } from '../proxies/proxy.ts';
import { loadCore, type Stage } from '../stage.ts';
import { waitForAnswer } from './wait-for-answer.ts';

/** nginx on the load core with a small answer from memory. Returns its port. */
export async function startSmallUpstream(stage: Stage, folder: string): Promise<number> {
  const program = findPeer('nginx');
  if (program === undefined) throw new Error('the upstream needs nginx (apt-get install nginx-light)');
  const port = await findFreePort();
  const file = path.join(folder, 'nginx-upstream.conf');
  writeFileSync(
    file,
    `${nginxHead(folder, 'nginx-upstream')}
http {
  access_log off;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    location / { default_type text/plain; return 200 "hello from the upstream\\n"; }
  }
}
`,
  );
  stage.start('upstream', loadCore, [program, '-c', file]);
  await waitForAnswer(port, benchHost, 10_000);
  return port;
}
