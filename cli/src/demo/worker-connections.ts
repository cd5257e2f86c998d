import http from 'node:http';

/** Connections that each worker of a sidecar took on one of its ports: worker → count. */
export type WorkerConnections = Readonly<Record<string, number>>;

/** Reads `listener.<address>.worker_<n>.downstream_cx_total` from the sidecar's admin interface. */
export async function readWorkerConnections(
  adminPort: number,
  listenerPort: number,
): Promise<WorkerConnections> {
  const text = await fetchText(adminPort, '/stats?filter=worker_');
  const pattern = new RegExp(
    `^listener\\..*_${listenerPort}\\.worker_(\\d+)\\.downstream_cx_total: (\\d+)$`,
    'gm',
  );
  return Object.fromEntries(
    [...text.matchAll(pattern)].map(([, worker = '', count]) => [worker, Number(count)]),
  );
}

function fetchText(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve(text));
      response.once('error', reject);
    });
    request.setTimeout(5000, () => request.destroy(new Error('no answer in time')));
    request.once('error', reject);
  });
}
