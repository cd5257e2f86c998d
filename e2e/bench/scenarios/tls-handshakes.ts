import { startSmallUpstream } from '../load/small-upstream.ts';
import { buildHandshakeLoad, runHandshakes } from '../load/tls-handshakes.ts';
import { measureRate } from '../measure-rate.ts';
import { certificateFiles } from '../proxies/certificate-files.ts';
import { http1 } from '../proxies/proxy.ts';
import type { Scenario } from '../scenario.ts';
import { createStage } from '../stage.ts';

const connections = 32;

export const tlsHandshakes = createScenario('tls-handshakes', 'full handshakes');
export const tlsResumed = createScenario('tls-resumed', 'sessions resumed by tickets');

function createScenario(name: 'tls-handshakes' | 'tls-resumed', how: string): Scenario {
  return {
    name,
    summary: `a new TLS 1.3 connection for each request, 32 at a time: ${how}`,
    async run(options) {
      await using stage = createStage(options.folder);
      const program = await buildHandshakeLoad(options.folder);
      const upstreamPort = await startSmallUpstream(stage, options.folder);
      const protocols = { ...http1, downstreamTls: 'server' } as const;
      const isResumed = name === 'tls-resumed';
      const { authority } = certificateFiles(options.folder);
      const load = async (port: number, seconds: number) => {
        const result = await runHandshakes(program, { port, connections, seconds, authority, isResumed });
        const cost = result.loadCpuMicroseconds.toFixed(0);
        options.onProgress(`the load's own CPU time: ${cost} µs per handshake`);
        return result;
      };
      return await measureRate({ name, upstreamPort, protocols, load, of: 'handshake' }, stage, options);
    },
  };
}
