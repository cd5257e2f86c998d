import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { createRestFixture, problemsOf } from './rest-app.fixture.ts';

const leaf = createCertificate({ dnsNames: ['cart'] });
const other = createCertificate();
const certificate = { chain: leaf.pem, privateKey: leaf.privateKeyPem };

test('a key that was put is in no answer', async (t) => {
  const rest = await createRestFixture(t);
  const created = await rest.send('PUT', '/v1/secrets/cart', { certificate });
  assert.equal(created.status, 201, created.text);
  const answers = [
    created,
    await rest.send('GET', '/v1/secrets/cart'),
    await rest.send('GET', '/v1/secrets'),
    await rest.send('PUT', '/v1/secrets/cart', { certificate }),
    await rest.send('PUT', '/v1/secrets/cart', { certificate: { ...certificate, chain: other.pem } }),
  ];
  for (const { text } of answers) assert.doesNotMatch(text, /PRIVATE KEY/);
  for (const { text } of answers.slice(0, 4)) assert.match(text, /"privateKey":"\[redacted\]"/);
  assert.deepEqual(problemsOf(answers[4] ?? created, 400, 'invalid-input'), [
    '/certificate/privateKey: is not the key of the first certificate',
  ]);
  const shown = await rest.send('PUT', '/v1/secrets/cart', {
    certificate: { chain: leaf.pem, privateKey: '[redacted]' },
  });
  assert.equal(shown.status, 400, 'what was read cannot be put back by mistake');
});

test('services and their secrets hold each other', async (t) => {
  const rest = await createRestFixture(t);
  const tls = { certificate: 'cart', trustBundle: 'root' };
  const missing = await rest.send('PUT', '/v1/services/cart', { tls });
  assert.deepEqual(problemsOf(missing, 422, 'unknown-reference'), [
    '/tls/certificate: there is no secret "cart"',
    '/tls/trustBundle: there is no secret "root"',
  ]);
  await rest.send('PUT', '/v1/secrets/cart', { certificate });
  await rest.send('PUT', '/v1/secrets/root', { trustBundle: other.pem });
  const wrong = await rest.send('PUT', '/v1/services/cart', {
    tls: { certificate: 'root', trustBundle: 'root' },
  });
  assert.deepEqual(problemsOf(wrong, 409, 'conflict'), [
    '/tls/certificate: secret "root" has no certificate',
  ]);
  assert.equal((await rest.send('PUT', '/v1/services/cart', { tls })).status, 201);
  const turned = await rest.send('PUT', '/v1/secrets/cart', { trustBundle: other.pem });
  assert.match(turned.text, /must have a certificate, which Service \\"cart\\" needs/);
  const gone = await rest.send('DELETE', '/v1/secrets/root');
  assert.equal(gone.status, 409);
  assert.match(gone.text, /is still referred to by Service \\"cart\\"/);
});
