import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runShell } from '../harness/heddle-command.ts';

interface DemoObject {
  readonly requests: number;
  readonly failed: number;
  readonly misrouted: number;
  readonly byVersion: Readonly<Record<string, number>>;
  readonly changes: readonly {
    readonly change: string;
    readonly liveMs?: number;
    readonly requests: number;
  }[];
  readonly liveMs: { readonly p50: number; readonly p99: number };
  readonly workers: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

test('the demo prints one object, and no request failed in it', async () => {
  const { exitCode, stdout, stderr } = await runShell('npm run --silent demo -- --json');
  assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
  const demo = JSON.parse(stdout) as DemoObject;
  assert.equal(demo.failed, 0);
  assert.equal(demo.misrouted, 0);
  assert.ok(demo.requests > 1000, `${demo.requests} requests`);
  assert.ok((demo.byVersion['v1'] ?? 0) > 0 && (demo.byVersion['v2'] ?? 0) > 0);
  assert.equal(demo.changes.length, 7);
  assert.ok(demo.changes.every(({ requests }) => requests > 0));
  assert.equal(demo.changes.filter(({ liveMs }) => liveMs !== undefined).length, 4);
  assert.ok(demo.liveMs.p50 >= 0 && demo.liveMs.p50 <= demo.liveMs.p99);
  const byWorker = Object.values(demo.workers);
  assert.ok(
    byWorker.some((counts) => Object.values(counts).filter((count) => count > 0).length >= 2),
    `both workers of a sidecar took connections: ${JSON.stringify(demo.workers)}`,
  );
});
