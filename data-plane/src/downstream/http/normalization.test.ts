import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createSeededRng } from '@heddle/shared/random/rng';
import { normalizeHost } from './host-normalization.ts';
import { normalizePath, type PathRules } from './path-normalization.ts';
import { RequestIds } from './request-id.ts';
import { forwardedAddress } from './trusted-address.ts';

const keep = { normalizePath: false, mergeSlashes: false, pathWithEscapedSlashesAction: 'keep' } as const;

function pathAfter(path: string, rules: Partial<PathRules>): string {
  const result = normalizePath(path, { ...keep, ...rules });
  switch (result.kind) {
    case 'unchanged':
      return path;
    case 'rejected':
      return 'rejected';
    case 'changed':
      return result.path;
    case 'redirect':
      return `→ ${result.path}`;
  }
}

test('paths', () => {
  const normalize = { normalizePath: true };
  const rows: [path: string, rules: Partial<PathRules>, expected: string][] = [
    ['/a/../b', {}, '/a/../b'],
    ['/a/../b?c=/../d', normalize, '/b?c=/../d'],
    ['/a/./b', normalize, '/a/b'],
    ['/a/.', normalize, '/a/'],
    ['/a/..', normalize, '/'],
    ['/../../a', normalize, '/a'],
    ['/%41%7E%2F%5C%zz', normalize, '/A~%2F%5C%zz'],
    ['/a\\b|c', normalize, '/a/b%7Cc'],
    ['/a//b', normalize, '/a//b'],
    ['/%2e%2e/a', normalize, '/a'],
    ['/a%00', normalize, 'rejected'],
    ['/a%00', {}, '/a%00'],
    ['/.hidden/..x', normalize, '/.hidden/..x'],
    ['/a//b///c?d//e', { mergeSlashes: true }, '/a/b/c?d//e'],
    ['/a%2Fb', { pathWithEscapedSlashesAction: 'reject' }, 'rejected'],
    ['/a?b%2f', { pathWithEscapedSlashesAction: 'reject' }, '/a?b%2f'],
    [
      '/a%2fb%5cc?d',
      { pathWithEscapedSlashesAction: 'unescape-and-forward', normalizePath: true },
      '/a/b/c?d',
    ],
    ['/a%2fb?c', { pathWithEscapedSlashesAction: 'unescape-and-redirect' }, '→ /a/b?c'],
    ['/a/../b', { pathWithEscapedSlashesAction: 'unescape-and-redirect', normalizePath: true }, '/b'],
  ];
  for (const [path, rules, expected] of rows) assert.equal(pathAfter(path, rules), expected, path);
});

test('hosts', () => {
  const host = (text: string, stripPort: 'none' | 'matching' | 'any', stripTrailingHostDot = false) =>
    normalizeHost(text, { stripPort, stripTrailingHostDot }, 8080);
  assert.equal(host('a.test:8080', 'none'), 'a.test:8080');
  assert.equal(host('a.test:8080', 'matching'), 'a.test');
  assert.equal(host('a.test:81', 'matching'), 'a.test:81');
  assert.equal(host('a.test:81', 'any'), 'a.test');
  assert.equal(host('a.test:abc', 'any'), 'a.test:abc');
  assert.equal(host('[::1]:81', 'any'), '[::1]');
  assert.equal(host('a.test.', 'none', true), 'a.test');
  assert.equal(host('a.test.:8080', 'none', true), 'a.test:8080');
  assert.equal(host('a.test:8080.', 'none', true), 'a.test:8080');
  assert.equal(host('a.test..', 'none', true), 'a.test.');
});

test('addresses in x-forwarded-for', () => {
  assert.equal(forwardedAddress('1.1.1.1, 2.2.2.2', 0), '2.2.2.2');
  assert.equal(forwardedAddress('1.1.1.1, 2.2.2.2', 1), '1.1.1.1');
  assert.equal(forwardedAddress('1.1.1.1, 2.2.2.2', 2), undefined);
  assert.equal(forwardedAddress('unknown', 0), undefined);
  assert.equal(forwardedAddress('::1', 0), '::1');
  assert.equal(forwardedAddress('1.1.1.1:80', 0), '1.1.1.1');
  assert.equal(forwardedAddress('[2001:db8::1]:80', 0), '2001:db8::1');
});

test('request ids are UUIDs of version 4 and differ', () => {
  const requestIds = new RequestIds(createSeededRng(5));
  const ids = new Set(Array.from({ length: 1_000 }, () => requestIds.next()));
  assert.equal(ids.size, 1_000);
  for (const id of ids)
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
