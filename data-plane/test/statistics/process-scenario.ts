import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { get, RawClient } from '../../src/router/testing/raw-client.ts';
import { startBehavingUpstream } from './behaving-upstream.ts';
import { cluster, fileLog, listener, manager, route } from './bootstrap-parts.ts';
import type { Movements } from './movements.ts';
import { ScenarioRun } from './scenario.ts';
import { startSidecarProcess } from './sidecar-process.ts';

/** Logs that can and cannot be written, and the end of the process. */
export async function runProcessScenario(movements: Movements): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'statistics-'));
  const logs = join(directory, 'logs');
  mkdirSync(logs);
  const upstream = await startBehavingUpstream();
  const routes = [route('c', { cluster: 'c' })];
  const logging = { access_log: [fileLog(join(logs, 'log')), fileLog('/dev/full')] };
  const sidecar = await startSidecarProcess(
    {
      static_resources: {
        clusters: [cluster('c', [upstream.port])],
        listeners: [listener('main', manager('main', routes, logging))],
      },
    },
    { argv: ['--drain-time-s', '1', '--drain-strategy', 'immediate'] },
  );
  const run = new ScenarioRun(sidecar, movements);
  try {
    const port = await sidecar.portOf('main');
    await get(port, '/c/status/200');
    await run.untilMoved(
      'filesystem.',
      'flushed_by_timer',
      'write_completed',
      'write_failed',
      'lines_dropped',
    );
    renameSync(logs, join(directory, 'elsewhere'));
    await sidecar.post('/reopen_logs');
    await run.untilMoved('filesystem.', 'reopen_failed');

    const client = await RawClient.open(port);
    client.send('GET /c/hold HTTP/1.1\r\nhost: a\r\n\r\n');
    await run.untilMoved('http.<stat_prefix>.', 'downstream_rq_active');
    await sidecar.post('/drain_listeners?graceful&skip_exit');
    await get(port, '/c/status/200');
    await run.untilMoved('http.<stat_prefix>.', 'downstream_cx_drain_close');
    client.close();
    await sidecar.post('/healthcheck/fail');
    await run.untilMoved('server.', 'state', 'uptime', 'initialization_time_ms');
  } finally {
    await sidecar.stop();
    await upstream.close();
    rmSync(directory, { recursive: true });
  }
}
