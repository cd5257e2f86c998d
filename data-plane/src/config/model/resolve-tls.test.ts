import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeValidation, problemOfValidation, resolveTls } from './resolve-tls.ts';
import type { SecretRef, SecretValue } from './secret.ts';
import type { SubjectAltNameMatcher, TlsCertificate, TlsValidation } from './tls.ts';

const name = (value: string): SubjectAltNameMatcher => ({
  type: 'uri',
  oid: '',
  matcher: { kind: 'exact', value, ignoreCase: false },
});
const empty: TlsValidation = { subjectAltNames: [], certificateHashes: [], spkiHashes: [] };
const ref = (key: string, kind: SecretRef['kind']): SecretRef => ({
  key,
  kind,
  name: key,
  source: { kind: 'ads' },
  initialFetchTimeoutMs: 0,
});
const certificate: TlsCertificate = {
  chainPem: 'c',
  privateKeyPem: 'k',
  keyType: 'ec',
  serverNames: [],
  validity: { from: 0, to: 1 },
};

test('contexts merge as protobuf messages do', () => {
  const base = { ...empty, trustedCaPem: 'a', crlPem: 'c', subjectAltNames: [name('x')], spkiHashes: ['1'] };
  const dynamic = { ...empty, trustedCaPem: 'b', subjectAltNames: [name('y')], certificateHashes: ['2'] };
  assert.deepEqual(mergeValidation(base, dynamic), {
    trustedCaPem: 'b',
    crlPem: 'c',
    subjectAltNames: [name('x'), name('y')],
    certificateHashes: ['2'],
    spkiHashes: ['1'],
  });
  assert.equal(
    problemOfValidation(mergeValidation({ ...empty, subjectAltNames: [name('x')] }, base)),
    undefined,
  );
  assert.match(problemOfValidation({ ...empty, subjectAltNames: [name('x')] }) ?? '', /without it anybody/);
});

test('a context is there when all of its secrets are', () => {
  const tls = {
    certificates: [],
    secrets: {
      certificates: [ref('one', 'tls-certificate'), ref('two', 'tls-certificate')],
      validation: ref('root', 'validation-context'),
    },
  };
  const values = new Map<string, SecretValue>();
  const resolve = () =>
    resolveTls<typeof tls & { validation?: TlsValidation }>(tls, (key) => values.get(key));
  const leaf: SecretValue = { kind: 'tls-certificate', certificate };
  values.set('one', leaf).set('root', { kind: 'validation-context', validation: empty });
  assert.equal(resolve(), undefined);
  values.set('two', leaf);
  assert.deepEqual(resolve(), { ...tls, certificates: [certificate, certificate], validation: empty });
  values.set('two', { kind: 'generic-secret', secretBase64: '' });
  assert.equal(resolve(), undefined);
});
