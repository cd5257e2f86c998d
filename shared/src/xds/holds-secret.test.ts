import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from './api.ts';
import { packAny } from './any.ts';
import { holdsSecret } from './holds-secret.ts';
import type { MessageInit } from './message-init.ts';
import { loadApi } from './xds-api.ts';

const api = loadApi();
const secretName = 'envoy.extensions.transport_sockets.tls.v3.Secret';

function holds(secret: MessageInit<Secret>): boolean {
  return holdsSecret(api.types, api.types.message(secretName), api.create(secretName, secret));
}

test('a key itself is a secret, the place where it stands and what is public are not', () => {
  const certificateChain = { inlineString: 'public' };
  assert.equal(holds({ tlsCertificate: { certificateChain, privateKey: { inlineString: 'key' } } }), true);
  assert.equal(
    holds({ tlsCertificate: { certificateChain, privateKey: { inlineBytes: Buffer.of(1) } } }),
    true,
  );
  assert.equal(holds({ tlsCertificate: { certificateChain, privateKey: { filename: '/key.pem' } } }), false);
  assert.equal(holds({ tlsCertificate: { privateKey: { environmentVariable: 'KEY' } } }), false);
  assert.equal(holds({ validationContext: { trustedCa: { inlineString: 'public' } } }), false);
  assert.equal(
    holds({ sessionTicketKeys: { keys: [{ filename: '/a' }, { inlineBytes: Buffer.of(1) }] } }),
    true,
  );
  assert.equal(holds({ genericSecret: { secret: { inlineString: 'token' } } }), true);
});

test('a key in the depth of a listener is found, and what cannot be looked into counts as one', () => {
  const context = (privateKey: { filename?: string; inlineString?: string }) =>
    packAny(api, 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      commonTlsContext: { tlsCertificates: [{ privateKey }] },
    });
  const listener = (typedConfig: { typeUrl: string; value: Uint8Array }): boolean => {
    const name = 'envoy.config.listener.v3.Listener';
    const filterChains = [{ transportSocket: { name: 'tls', typedConfig } }];
    return holdsSecret(api.types, api.types.message(name), api.create(name, { filterChains }));
  };
  assert.equal(listener(context({ inlineString: 'key' })), true);
  assert.equal(listener(context({ filename: '/key.pem' })), false);
  assert.equal(listener({ typeUrl: 'type.googleapis.com/x.Y', value: Buffer.of(1) }), true);
  assert.equal(listener({ ...context({}), value: Buffer.of(255) }), true);
});
