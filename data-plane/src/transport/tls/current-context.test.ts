import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecretRef } from '../../config/model/secret.ts';
import type { DownstreamTls, TlsCertificate } from '../../config/model/tls.ts';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { CurrentContext } from './current-context.ts';
import { buildDownstreamTls, toModel } from './testing/tls-fixtures.ts';
import { WorkerSecrets } from './worker-secrets.ts';

const ref: SecretRef = {
  key: 'k',
  kind: 'tls-certificate',
  name: 'n',
  source: { kind: 'ads' },
  initialFetchTimeoutMs: 0,
};
const [one, two] = [toModel(createCertificate()), toModel(createCertificate())];

test('a context is made when its secret comes, made anew when it changes, and kept when it goes', () => {
  const secrets = new WorkerSecrets();
  const made: DownstreamTls[] = [];
  const tls = buildDownstreamTls([], { secrets: { certificates: [ref] } });
  const current = new CurrentContext(tls, secrets, (resolved) => made[made.push(resolved) - 1]);
  const serving = (): readonly TlsCertificate[] | undefined => current.get()?.certificates;
  assert.equal(serving(), undefined);
  secrets.set('other', { kind: 'tls-certificate', certificate: two });
  assert.equal(serving(), undefined);
  secrets.set('k', { kind: 'tls-certificate', certificate: one });
  assert.deepEqual(serving(), [one]);
  secrets.set('other', { kind: 'tls-certificate', certificate: one });
  assert.deepEqual(serving(), [one]);
  assert.equal(made.length, 1);
  secrets.set('k', { kind: 'tls-certificate', certificate: two });
  assert.deepEqual(serving(), [two]);
  secrets.remove('k');
  assert.deepEqual(serving(), [two]);
  assert.equal(made.length, 2);
});
