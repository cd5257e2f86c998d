import http from 'node:http';

/**
 * The service of the scenarios, a program of its own: `PORT`, `VERSION`. It counts what it answers, and a scenario
 * decides how it feels.
 *
 * | request | what it does |
 * |---|---|
 * | `GET /healthz` | 200; after `PUT /control/health?state=failing` 503; while `hanging` it waits for another state |
 * | `GET /control/count` | `{ "requests": n, "healthChecks": n }`; the control paths themselves are not counted |
 * | `GET /slow?ms=n` | answers after n ms |
 * | anything else | 200 with `x-version` |
 */
const version = process.env['VERSION'] ?? 'v1';
let health = process.env['HEALTH'] ?? 'passing';
const hanging = new Set<http.ServerResponse>();
let requests = 0;
let healthChecks = 0;

const server = http.createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  switch (url.pathname) {
    case '/healthz':
      healthChecks += 1;
      if (health === 'hanging') hanging.add(response.once('close', () => hanging.delete(response)));
      else response.writeHead(health === 'passing' ? 200 : 503).end();
      return;
    case '/control/health':
      health = url.searchParams.get('state') ?? health;
      for (const waiting of hanging) waiting.writeHead(health === 'passing' ? 200 : 503).end();
      response.writeHead(204).end();
      return;
    case '/control/count':
      response.end(JSON.stringify({ requests, healthChecks }));
      return;
    default:
      requests += 1;
      setTimeout(
        () => response.writeHead(200, { 'x-version': version }).end(`${version}\n`),
        Number(url.searchParams.get('ms') ?? 0),
      );
  }
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
});
