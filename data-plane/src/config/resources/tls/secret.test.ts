import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { decodeYaml, problemsOfYaml, resourceTypes } from '../testing/decode-yaml.ts';
import { authority, inline, leaf, pair, type Json } from './testing/tls-resources.ts';

const { secret } = resourceTypes;
const other = createCertificate();
const problemsOf = (fields: Json): string[] =>
  problemsOfYaml(secret, JSON.stringify({ name: 's', ...fields }));
const decode = (fields: Json) => decodeYaml(secret, JSON.stringify({ name: 's', ...fields }));

test('secrets of every type', () => {
  const certificate = decode({ tls_certificate: pair }).value;
  assert.ok(certificate.kind === 'tls-certificate' && certificate.certificate.validity.to > 0);
  const root = decode({ validation_context: { trusted_ca: inline(authority.pem) } }).value;
  assert.ok(root.kind === 'validation-context' && root.validation.authorityValidity !== undefined);
  const key = 'k'.repeat(80);
  assert.deepEqual(decode({ session_ticket_keys: { keys: [inline(key)] } }).value, {
    kind: 'session-ticket-keys',
    keysBase64: [Buffer.from(key).toString('base64')],
  });
  assert.deepEqual(decode({ generic_secret: { secret: inline('hush') } }).value, {
    kind: 'generic-secret',
    secretBase64: 'aHVzaA==',
  });
});

test('what is wrong is said with its path, and nothing of what is secret', () => {
  const wrong: Json = { certificate_chain: inline(leaf.pem), private_key: inline(other.privateKeyPem) };
  const all = [
    problemsOf({}),
    problemsOf({ tls_certificate: wrong }),
    problemsOf({ tls_certificate: { ...wrong, private_key: inline('hush-hush') } }),
    problemsOf({ validation_context: { trusted_ca: inline('x') } }),
    problemsOf({ session_ticket_keys: { keys: [inline('hush-hush')] } }),
    problemsOf({ tls_certificate: { ...pair, ocsp_staple: inline('x') } }),
  ].flat();
  assert.deepEqual(
    all.map((problem) => problem.slice(0, 60)),
    [
      'holds no secret: set tls_certificate, validation_context, or',
      'tls_certificate.private_key: is not the key of tls_certificate',
      'tls_certificate.private_key: is not a private key in PEM that',
      'validation_context.trusted_ca: holds no certificate in PEM',
      'session_ticket_keys.keys[0]: has 9 bytes, and must have 80',
      'tls_certificate.ocsp_staple: is not supported by Heddle yet',
    ].map((problem) => problem.slice(0, 60)),
  );
  for (const problem of all) assert.doesNotMatch(problem, /hush|PRIVATE/);
});

test('directories are watched where the files are, or where it is said', () => {
  const files = { certificate_chain: { filename: '/a/c' }, private_key: { filename: '/b/k' } };
  const decodedFiles = (fields: Json): readonly string[] => {
    const problems = problemsOf({ tls_certificate: { ...files, ...fields } });
    assert.ok(problems.every((problem) => problem.includes('cannot be read')));
    return problems;
  };
  assert.equal(decodedFiles({}).length, 2);
  assert.deepEqual(decode({ tls_certificate: pair }).watchedDirectories, []);
});
