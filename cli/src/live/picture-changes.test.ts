import assert from 'node:assert/strict';
import { test } from 'node:test';
import pc from 'picocolors';
import type { Proxy } from '../client/proxies.ts';
import type { MeshPicture, PicturedObject } from './mesh-picture.ts';
import { describeChanges } from './picture-changes.ts';

function picture(objects: Record<string, PicturedObject>, proxies: readonly Proxy[]): MeshPicture {
  return {
    objects: new Map(Object.entries(objects)),
    proxies: new Map(proxies.map((proxy) => [proxy.node, proxy])),
  };
}

function proxy(node: string, acknowledgedVersion: string, more: Partial<Proxy> = {}): Proxy {
  const type = {
    type: 'Cluster',
    state: 'synced',
    sentVersion: acknowledgedVersion,
    acknowledgedVersion,
    liveVersion: '',
    refusal: '',
  };
  return {
    node,
    cluster: '',
    userAgent: 'heddle',
    state: 'synced',
    live: { kind: 'unknown' },
    types: [type],
    ...more,
  };
}

const changes = (before: MeshPicture, after: MeshPicture): readonly string[] =>
  describeChanges(before, after, pc.createColors(false));

test('what is the same says nothing', () => {
  const same = picture({ 'route a': { revision: '1', summary: 'x' } }, [proxy('web-1', 'v')]);
  assert.deepEqual(changes(same, same), []);
});

test('objects that come, change and go; proxies that acknowledge', () => {
  const before = picture(
    { 'route a': { revision: '1', summary: 'v1 100' }, 'service old': { revision: '1', summary: '' } },
    [proxy('web-1', 'v'), proxy('web-2', 'v')],
  );
  const after = picture(
    { 'route a': { revision: '2', summary: 'v1 90, v2 10' }, 'service new': { revision: '2', summary: '' } },
    [proxy('web-1', 'w'), proxy('web-2', 'w')],
  );
  assert.deepEqual(changes(before, after), [
    'route a changed: v1 90, v2 10',
    'service new created',
    'service old deleted',
    'acknowledged by web-1, web-2',
  ]);
});

test('proxies that come, leave and refuse; a refusal is said once', () => {
  const refused = proxy('web-2', 'v', {
    state: 'refused',
    types: [
      {
        type: 'Listener',
        state: 'refused',
        sentVersion: 'w',
        acknowledgedVersion: 'v',
        liveVersion: '',
        refusal: 'bad address',
      },
    ],
  });
  const before = picture({}, [proxy('web-1', 'v'), proxy('web-2', 'v')]);
  const after = picture({}, [proxy('web-1', 'v', { state: 'disconnected' }), refused, proxy('web-3', 'v')]);
  assert.deepEqual(changes(before, after), [
    'proxy web-1 disconnected',
    'proxy web-2 refused Listener: bad address',
    'proxy web-3 connected (heddle)',
    'acknowledged by web-2',
  ]);
  assert.deepEqual(changes(after, after), []);
});
