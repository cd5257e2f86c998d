import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createSilentLogger } from '@heddle/shared/logging/logger';
import { createCertificate } from '@heddle/shared/testing/certificates';
import { systemClock } from '@heddle/shared/time/clock';
import { loadApi } from '@heddle/shared/xds/xds-api';
import { RecordingStats } from '../ads/testing/recording-stats.ts';
import type { Secret, SecretRef } from '../model/secret.ts';
import { encodeYaml, resourceTypes } from '../resources/testing/decode-yaml.ts';
import { createSecretManager } from '../secrets/secret-manager.ts';
import { FileSource } from './file-source.ts';

const api = loadApi();
const type = resourceTypes.secret;
const certificates = [1, 2, 3].map((index) => createCertificate({ commonName: `leaf ${index}` }));
const secretOf = (index: number): unknown => ({
  name: 's',
  tls_certificate: {
    certificate_chain: { inline_string: certificates[index]?.pem },
    private_key: { inline_string: certificates[index]?.privateKeyPem },
  },
});
const fileOf = (secret: unknown): string =>
  JSON.stringify({ version_info: 'v', resources: [{ '@type': type.typeUrl, ...(secret as object) }] });

/** A manager with one secret of a file; `served`: whose key serves after each change. */
function start(t: TestContext, path: string, watchedDirectory?: string) {
  const stats = new RecordingStats();
  const served: string[] = [];
  const wakes: (() => void)[] = [];
  const wake = (): void => {
    for (const callback of wakes.splice(0)) callback();
  };
  const logger = createSilentLogger();
  const file = {
    kind: 'file',
    path,
    ...(watchedDirectory === undefined ? {} : { watchedDirectory }),
  } as const;
  const source = new FileSource(type, file, { api, clock: systemClock, logger });
  const manager = createSecretManager({
    sourceOf: () => source,
    decode: (bytes) => type.decode(bytes),
    publish({ secrets = [] }) {
      for (const { value } of secrets) served.push(whose(value));
      wake();
      return 1;
    },
    clock: systemClock,
    logger,
    stats,
  });
  const ref: SecretRef = {
    key: 'k',
    kind: 'tls-certificate',
    name: 's',
    source: { kind: 'file', path },
    initialFetchTimeoutMs: 0,
  };
  manager.acquire(ref, {}, wake);
  t.after(() => {
    source.stop();
    manager.stop();
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return { stats, served, until };
}

function whose(value: Secret['value']): string {
  if (value.kind !== 'tls-certificate') return value.kind;
  const { privateKeyPem } = value.certificate;
  return String(certificates.findIndex((one) => one.privateKeyPem === privateKeyPem));
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** As whoever replaces certificates should. */
function replace(path: string, content: string | Buffer): void {
  writeFileSync(`${path}.next`, content);
  renameSync(`${path}.next`, path);
}

test('a file that is renamed into place is read again; a broken one changes nothing', async (t) => {
  const path = join(folderOf(t), 's.json');
  writeFileSync(path, fileOf(secretOf(0)));
  const { stats, served, until } = start(t, path);
  await until(() => served.length === 1);
  replace(path, fileOf(secretOf(1)));
  await until(() => served.length === 2);
  for (const [index, text] of [fileOf({ name: 'other' }), fileOf({ name: 's' })].entries()) {
    replace(path, text);
    await until(() => stats.read('sds.s.update_rejected') === index + 1);
  }
  replace(path, '{');
  await until(() => stats.read('sds.s.update_failure') === 1);
  replace(path, fileOf(secretOf(2)));
  await until(() => served.length === 3);
  assert.deepEqual(served, ['0', '1', '2']);
  assert.equal(stats.read('sds.s.update_success'), 3);
  assert.equal(stats.read('sds.s.update_attempt'), 6);
});

test('YAML, and protobuf', async (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, 's.yaml'), `resources: [${fileOf(secretOf(0)).slice(33, -2)}]\nversion_info: v`);
  const yaml = start(t, join(folder, 's.yaml'));
  await yaml.until(() => yaml.served.length + yaml.stats.read('sds.s.update_rejected') === 1);
  assert.deepEqual(yaml.served, ['0']);
  const any = { typeUrl: type.typeUrl, value: encodeYaml(type, JSON.stringify(secretOf(1))) };
  const bytes = api.encode('envoy.service.discovery.v3.DiscoveryResponse', {
    versionInfo: 'v',
    resources: [any],
  });
  writeFileSync(join(folder, 's.pb'), bytes);
  const pb = start(t, join(folder, 's.pb'));
  await pb.until(() => pb.served.length === 1);
  assert.deepEqual(pb.served, ['1']);
});

test('a directory behind a link that is swapped, as Kubernetes does it', async (t) => {
  const folder = folderOf(t);
  const swap = (version: number): void => {
    const target = join(folder, `..${version}`);
    mkdirSync(target);
    writeFileSync(join(target, 's.json'), fileOf(secretOf(version)));
    symlinkSync(target, join(folder, '..next'));
    renameSync(join(folder, '..next'), join(folder, '..data'));
  };
  swap(0);
  const { served, until } = start(t, join(folder, '..data', 's.json'), folder);
  await until(() => served.length === 1);
  swap(1);
  await until(() => served.at(-1) === '1');
});

test('files that a secret names: both must fit before they serve', async (t) => {
  const folder = folderOf(t);
  const [chain, key] = [join(folder, 'chain'), join(folder, 'key')];
  const put = (index: number, path: string): void =>
    replace(path, (path === key ? certificates[index]?.privateKeyPem : certificates[index]?.pem) ?? '');
  put(0, chain);
  put(0, key);
  const path = join(folderOf(t), 's.json');
  const tlsCertificate = { certificate_chain: { filename: chain }, private_key: { filename: key } };
  writeFileSync(path, fileOf({ name: 's', tls_certificate: tlsCertificate }));
  const { stats, served, until } = start(t, path);
  await until(() => served.length === 1);
  put(1, chain);
  await until(() => stats.read('sds.s.key_rotation_failed') > 0);
  assert.deepEqual(served, ['0']);
  put(1, key);
  await until(() => served.length === 2);
  assert.deepEqual(served, ['0', '1']);
});
