import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createFakeClock, type FakeClock } from '@heddle/shared/testing/fake-clock';
import type { FastifyInstance } from 'fastify';
import { Registry as MetricsRegistry } from 'prom-client';
import { openEmbeddedRegistry } from '../registry/embedded-registry.ts';
import type { Registry } from '../registry/registry.ts';
import { createRestApp, type RestOptions } from './create-rest-app.ts';

export interface RestFixture {
  readonly app: FastifyInstance;
  readonly registry: Registry;
  readonly clock: FakeClock;
  send(
    method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'PATCH',
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Parsed JSON; empty without a JSON body. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** An API over an empty embedded registry, closed with the test. Text bodies are sent as YAML, others as JSON. */
export async function createRestFixture(
  test: TestContext,
  options: Partial<RestOptions> = {},
): Promise<RestFixture> {
  const clock = createFakeClock();
  const logger = createSilentLogger();
  const registry = options.registry ?? openEmbeddedRegistry({ file: ':memory:', clock, logger });
  const app = await createRestApp({
    registry,
    proxies: { list: () => [], get: () => undefined },
    loads: () => [],
    discovery: { poll: () => undefined, clientStatus: () => ({}) },
    readiness: () => ({ isReady: true }),
    snapshots: () => ({ publishCount: 0, rejectedCount: 0 }),
    metrics: new MetricsRegistry(),
    logger,
    version: '0.0.0',
    ...options,
  });
  test.after(async () => {
    await app.close();
    await registry.close();
  });
  return {
    app,
    registry,
    clock,
    async send(method, url, body, headers = {}) {
      const type = typeof body === 'string' ? 'application/yaml' : 'application/json';
      const answer = await app.inject({
        method,
        url,
        headers: body === undefined ? headers : { 'content-type': type, ...headers },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const isJson = String(answer.headers['content-type']).includes('json');
      return {
        status: answer.statusCode,
        headers: answer.headers,
        json: isJson && answer.body !== '' ? (JSON.parse(answer.body) as Answer['json']) : {},
        text: answer.body,
      };
    },
  };
}

/** Asserts a problem+json answer with this status and code; returns its problems as `pointer: message`. */
export function problemsOf(answer: Answer, status: number, code: string): string[] {
  assert.equal(answer.status, status, answer.text);
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
  assert.equal(answer.json['code'], code);
  assert.equal(answer.json['status'], status);
  for (const field of ['type', 'title', 'detail', 'whatToDo'])
    assert.notEqual(answer.json[field] ?? '', '', field);
  const problems = (answer.json['problems'] ?? []) as readonly {
    readonly pointer: string;
    readonly message: string;
  }[];
  return problems.map(({ pointer, message }) => `${pointer}: ${message}`);
}
