import { RawClient } from '../../src/router/testing/raw-client.ts';
import { networkFilter } from '../tcp/subject.ts';
import { listener } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

const echo = networkFilter('echo.v3.Echo');

/** Network filters that are not the connection manager. */
export async function runTcpScenario(movements: Movements): Promise<void> {
  const limit = networkFilter('connection_limit.v3.ConnectionLimit', {
    stat_prefix: 'l',
    max_connections: 1,
  });
  const sidecar = await startSidecarProcess({
    static_resources: {
      listeners: [listener('limited', {}, { filter_chains: [{ filters: [limit, echo] }] })],
    },
  });
  const run = new ScenarioRun(sidecar, movements);
  const clients: RawClient[] = [];
  try {
    const port = await sidecar.portOf('limited');
    for (let count = 0; count < 3; count++) clients.push(await RawClient.open(port));
    await run.untilMoved('connection_limit.<stat_prefix>.', 'active_connections', 'limited_connections');
  } finally {
    for (const client of clients) client.close();
    await sidecar.stop();
  }
}
