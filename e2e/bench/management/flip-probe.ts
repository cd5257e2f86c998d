import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const flipEveryMs = 200;
const requestEveryMs = 2;

export interface ProbeResult {
  /** Milliseconds from a change of the endpoint to the first answer of the new one. */
  readonly appliesMs: Float64Array;
  /** Milliseconds of each request through the proxy. */
  readonly requestsMs: Float64Array;
  /** Of requests, in words. */
  readonly failures: readonly string[];
}

/**
 * Two upstreams, and requests through the proxy one after the other: when the only endpoint becomes the other one, the
 * answers tell when that is live.
 */
export class FlipProbe {
  readonly #upstreams: readonly http.Server[] = [0, 1].map((index) =>
    http.createServer((_, response) => response.writeHead(200, { 'x-upstream': String(index) }).end('here')),
  );
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  /** Resolves with the ports of the two. */
  async listen(): Promise<readonly number[]> {
    return Promise.all(
      this.#upstreams.map(async (server) => {
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const address = server.address();
        if (address === null || typeof address === 'string') throw new Error('an upstream has no port');
        return address.port;
      }),
    );
  }

  /** Requests for so long; `flip` makes the upstream of this number the only endpoint. */
  async run(
    port: number,
    host: string,
    seconds: number,
    flip: (upstream: number) => void,
  ): Promise<ProbeResult> {
    const [appliesMs, requestsMs, failures]: [number[], number[], string[]] = [[], [], []];
    const endMs = performance.now() + seconds * 1000;
    let current = 0;
    let flippedMs: number | undefined;
    let nextFlipMs = performance.now() + flipEveryMs;
    while (performance.now() < endMs || flippedMs !== undefined) {
      if (flippedMs === undefined && performance.now() >= nextFlipMs) {
        current = 1 - current;
        flippedMs = performance.now();
        flip(current);
      }
      const startedMs = performance.now();
      const answer = await this.#ask(port, host);
      requestsMs.push(performance.now() - startedMs);
      if (answer.problem !== undefined) failures.push(answer.problem);
      else if (flippedMs !== undefined && answer.upstream === current) {
        appliesMs.push(performance.now() - flippedMs);
        flippedMs = undefined;
        nextFlipMs = performance.now() + flipEveryMs;
      }
      await delay(requestEveryMs);
    }
    return { appliesMs: Float64Array.from(appliesMs), requestsMs: Float64Array.from(requestsMs), failures };
  }

  close(): void {
    this.#agent.destroy();
    for (const server of this.#upstreams) {
      server.close();
      server.closeAllConnections();
    }
  }

  #ask(port: number, host: string): Promise<{ readonly upstream?: number; readonly problem?: string }> {
    return new Promise((resolve) => {
      const fail = (error: Error): void => resolve({ problem: error.message });
      http
        .get({ host: '127.0.0.1', port, path: '/', agent: this.#agent, headers: { host } }, (response) => {
          response.resume();
          response.once('error', fail);
          response.once('end', () =>
            resolve(
              response.statusCode === 200
                ? { upstream: Number(response.headers['x-upstream']) }
                : { problem: `status ${response.statusCode}` },
            ),
          );
        })
        .once('error', fail);
    });
  }
}
