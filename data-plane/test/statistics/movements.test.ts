import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Movements } from './movements.ts';

test('names are found by their pattern; what is not listed, of another kind, or did not move is said', () => {
  const row = { type: 'counter', unit: 'events', meaning: '' } as const;
  const movements = new Movements([
    { ...row, name: 'cluster.<cluster>.upstream_rq_<code>' },
    { ...row, name: 'listener.<address>.worker_<index>.downstream_cx_total' },
    { ...row, name: 'control_plane.identifier', type: 'text' },
  ]);
  movements.add([
    { name: 'cluster.a.upstream_rq_200', type: 'number', isMoved: true },
    { name: 'cluster.a.upstream_rq_2xx', type: 'number', isMoved: true },
    { name: 'listener.127.0.0.1_80.worker_0.downstream_cx_total', type: 'number', isMoved: false },
    { name: 'control_plane.identifier', type: 'number', isMoved: true },
  ]);
  assert.deepEqual(movements.unlisted, [
    'cluster.a.upstream_rq_2xx',
    'control_plane.identifier, which is a number',
  ]);
  assert.deepEqual(movements.unmoved, [
    'listener.<address>.worker_<index>.downstream_cx_total',
    'control_plane.identifier',
  ]);
});
