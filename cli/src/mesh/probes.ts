import http from 'node:http';
import { connect } from 'node:net';

/** Whether something takes connections on 127.0.0.1. */
export function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export interface ProbeOptions {
  readonly port: number;
  readonly path: string;
  readonly host?: string;
  readonly timeoutMs?: number;
}

/** Status of a GET to 127.0.0.1 on a connection of its own; rejects when there is no answer. */
export function probeStatus({ port, path, host, timeoutMs = 2000 }: ProbeOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    const request = http.get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', reject);
    });
    request.setTimeout(timeoutMs, () => request.destroy(new Error('no answer in time')));
    request.once('error', reject);
  });
}
