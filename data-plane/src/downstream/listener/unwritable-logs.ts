import { closeSync, openSync } from 'node:fs';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import type { Problem } from '@heddle/shared/errors/problem';
import { accessLogsOf, type Listener } from '../../config/model/listener.ts';
import { chainsOf } from './listener-needs.ts';

/**
 * Opens every access log file of a listener as its workers will: a path that cannot be written is said when the
 * configuration comes, not when the first request is lost to the log. A disk that fills up later is another matter.
 */
export function findUnwritableLogs(listener: Listener): Problem[] {
  const paths = new Set<string>();
  const { accessLogs = [], proxyAccessLogs = [] } = listener.udp?.proxy ?? {};
  const logs = [...chainsOf(listener).flatMap(accessLogsOf), ...accessLogs, ...proxyAccessLogs];
  for (const { sink } of logs) if (sink.kind === 'file') paths.add(sink.path);
  return [...paths].flatMap((path) => {
    try {
      closeSync(openSync(path, 'a'));
      return [];
    } catch (error) {
      return [{ path: 'access_log', message: `cannot be written: ${messageOf(error)}` }];
    }
  });
}
