import assert from 'node:assert/strict';
import { call, type Answer } from './http-call.ts';

/** The REST API of a control plane, as a scenario uses it: what is refused fails the scenario with the answer's text. */
export interface Rest {
  readonly port: number;
  /** Any status. */
  send(method: string, path: string, body?: unknown): Promise<Answer>;
  get(path: string): Promise<unknown>;
  /** Mesh objects, in one transaction. */
  apply(...objects: readonly object[]): Promise<void>;
  delete(path: string): Promise<void>;
}

export function createRest(port: number): Rest {
  async function send(method: string, path: string, body?: unknown): Promise<Answer> {
    return call(port, path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  }
  const mustBeFine = (answer: Answer, what: string): Answer => {
    assert.ok(answer.status < 300, `${what} answers ${answer.status}: ${answer.body}`);
    return answer;
  };
  return {
    port,
    send,
    async get(path) {
      return JSON.parse(mustBeFine(await send('GET', path), `GET ${path}`).body) as unknown;
    },
    async apply(...objects) {
      const answer = await call(port, '/v1/apply', {
        method: 'POST',
        headers: { 'content-type': 'application/yaml' },
        body: objects.map((object) => JSON.stringify(object)).join('\n---\n'),
      });
      mustBeFine(answer, 'apply');
    },
    async delete(path) {
      mustBeFine(await send('DELETE', path), `DELETE ${path}`);
    },
  };
}
