import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { alternate } from '../alternate.ts';
import { startHelper } from '../helper-process.ts';
import type { HolderQuestion } from '../load/connection-holder.ts';
import { startSmallUpstream } from '../load/small-upstream.ts';
import { residentBytesOf } from '../process-figures.ts';
import { createProxies, startProxy } from '../proxies/start-proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createStage, openFileLimit } from '../stage.ts';

const wantedConnections = 10_000;
/** Open files that a program needs beside its connections. */
const otherFiles = 1000;
const settleMs = 2000;

export const idleConnections: Scenario = {
  name: 'idle-connections',
  summary: 'memory for each of 10,000 idle keep-alive connections that have sent one request each',
  async run(options) {
    const count = Math.min(wantedConnections, openFileLimit() - otherFiles);
    if (count < wantedConnections)
      options.onProgress(`this machine's limit of open files allows ${count} only`);
    await using stage = createStage(options.folder);
    const upstreamPort = await startSmallUpstream(stage, options.folder);
    const holder = startHelper<HolderQuestion, number>(
      stage,
      path.resolve(import.meta.dirname, '../load/connection-holder.ts'),
    );
    return await alternate(
      [{ name: 'idle-connections', unit: 'KiB per connection', better: 'lower' }],
      createProxies(options),
      options,
      async (proxy) => {
        const started = await startProxy(stage, options.folder, proxy, { upstreamPort });
        // Code, pools and the upstream's connections are there before anything is compared.
        await holder.ask({ kind: 'open', port: started.port, count: 64 });
        await delay(settleMs);
        const before = residentBytesOf(started.pid);
        await holder.ask({ kind: 'open', port: started.port, count });
        await delay(settleMs);
        const bytes = residentBytesOf(started.pid) - before;
        const open = await holder.ask({ kind: 'close' });
        await started.stop();
        if (open < count) throw new Error(`${proxy.name} closed ${count - open} of ${count} connections`);
        return [bytes / count / 1024];
      },
    );
  },
};
