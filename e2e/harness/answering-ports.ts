import http from 'node:http';

/**
 * Many services in one program: every port of `PORTS` (comma-separated) answers each request with 200 and its
 * own number in `x-port`, once the request's body is there. Idle connections are closed after 5 s, as Node does.
 */
const ports = (process.env['PORTS'] ?? '').split(',').map(Number);
const servers = ports.map((port) =>
  http
    .createServer((request, response) => {
      request.resume();
      request.once('end', () => response.writeHead(200, { 'x-port': String(port) }).end(`${port}\n`));
    })
    .listen(port, '127.0.0.1'),
);
process.once('SIGTERM', () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});
