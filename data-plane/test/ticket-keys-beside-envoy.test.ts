import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { test } from 'node:test';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { networkFilter, startSubject, subjects } from './tcp/subject.ts';

const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const certificate = createCertificate({ dnsNames: ['a.test'] });
const inline = (text: string) => ({ inline_string: text });
const keyOf = (letter: string) => inline(letter.repeat(80));

/** A connection that offers the ticket of the one before it. */
async function visit(
  port: number,
  maxVersion: 'TLSv1.2' | 'TLSv1.3',
  before?: Buffer,
): Promise<{ readonly isResumed: boolean; readonly ticket: Buffer }> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    maxVersion,
    rejectUnauthorized: false,
    ...(before === undefined ? {} : { session: before }),
  });
  const ticket = new Promise<Buffer>((resolve, reject) => {
    socket.on('session', resolve);
    socket.on('error', reject);
  });
  // A session that is resumed with TLS 1.2 may bring no other ticket: the answer is the end.
  const answer = new Promise<undefined>((resolve) => socket.once('data', () => resolve(undefined)));
  socket.write('x');
  await answer;
  const isResumed = socket.isSessionReused();
  const result = { isResumed, ticket: isResumed && before !== undefined ? before : await ticket };
  socket.destroy();
  return result;
}

for (const subject of subjects) {
  const { name, skip } = subject;
  test(`${name}: ticket keys come as a secret, and change`, { skip }, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'keys-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'keys.json');
    const put = (...letters: readonly string[]): void => {
      const secret = { name: 'keys', session_ticket_keys: { keys: letters.map(keyOf) } };
      const resources = [{ '@type': `${tls}.Secret`, ...secret }];
      writeFileSync(`${file}.next`, JSON.stringify({ version_info: letters.join(), resources }));
      renameSync(`${file}.next`, file);
    };
    put('a');
    const context = {
      '@type': `${tls}.DownstreamTlsContext`,
      common_tls_context: {
        tls_certificates: [
          { certificate_chain: inline(certificate.pem), private_key: inline(certificate.privateKeyPem) },
        ],
      },
      session_ticket_keys_sds_secret_config: {
        name: 'keys',
        sds_config: { path_config_source: { path: file }, resource_api_version: 'V3' },
      },
    };
    const chain = {
      filters: [networkFilter('echo.v3.Echo')],
      transport_socket: { name: 'tls', typed_config: context },
    };
    const proxy = await startSubject(subject, () => ({ listeners: { l: { filter_chains: [chain] } } }));
    t.after(() => proxy.stop());
    const port = proxy.portOf('l');
    let count = 1;
    const update = async (...letters: readonly string[]): Promise<void> => {
      put(...letters);
      await proxy.untilStat('sds.keys.update_success', ++count);
    };
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = await visit(port, version);
      assert.equal((await visit(port, version, first.ticket)).isResumed, true, version);
      await update('b', 'c');
      const second = await visit(port, version, first.ticket);
      assert.equal(second.isResumed, false, version);
      assert.equal((await visit(port, version, second.ticket)).isResumed, true, version);
      await update('a');
      assert.equal((await visit(port, version, first.ticket)).isResumed, true, version);
    }
  });
}
