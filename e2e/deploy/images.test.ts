import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { usePeer } from '@heddle/shared/testing/peers';
import { parse } from 'yaml';
import { answersOk, createHarness, repositoryRoot, until } from '../harness/harness.ts';
import { call } from '../harness/http-call.ts';
import { createRest } from '../harness/rest.ts';
import { readComposeFile } from './compose-file.ts';
import { startComposed } from './compose-processes.ts';
import { replayDockerfile, type ReplayedStage } from './image-replay.ts';

const envoy = usePeer('envoy');
const redis = usePeer('redis-server');
const folder = mkdtempSync(path.join(tmpdir(), 'heddle-images-'));
let images: ReadonlyMap<string, ReplayedStage>;

before(async () => {
  images = await replayDockerfile({
    file: path.join(repositoryRoot, 'deploy/Dockerfile'),
    context: repositoryRoot,
    folder,
  });
});
after(() => rmSync(folder, { recursive: true }));

interface PrometheusFile {
  readonly scrape_configs: readonly {
    readonly metrics_path: string;
    readonly static_configs: readonly { readonly targets: readonly string[] }[];
  }[];
}

test('the mesh of docker-compose.yml runs from the images', { skip: envoy.skip || redis.skip }, async () => {
  await using harness = createHarness('images');
  const mesh = await startComposed({
    harness,
    compose: readComposeFile(path.join(repositoryRoot, 'docker-compose.yml')),
    images,
    programs: { envoy: envoy.path, 'redis-server': redis.path },
  });

  const shopPort = mesh.portOf('web-1', 15006);
  const versionOfShop = async (): Promise<string | string[] | undefined> => {
    if (!(await answersOk(shopPort, '/'))) return undefined;
    return (await call(shopPort, '/')).headers['x-version'];
  };
  assert.equal(await until('the shop answers', versionOfShop), 'v1');

  // Written at the one control plane; the proxies of the other follow it as well.
  const half = readFileSync(path.join(repositoryRoot, 'examples/shop/half.yaml'), 'utf8');
  await createRest(mesh.portOf('control-plane-2', 8600)).apply(parse(half) as object);
  await until('the second version answers, too', async () => (await versionOfShop()) === 'v2');

  const prometheus = parse(
    readFileSync(path.join(repositoryRoot, 'deploy/prometheus.yml'), 'utf8'),
  ) as PrometheusFile;
  for (const { metrics_path: metricsPath, static_configs: configs } of prometheus.scrape_configs) {
    for (const target of configs.flatMap(({ targets }) => targets)) {
      const [host = '', port] = target.split(':');
      const { status, body } = await call(mesh.portOf(host, Number(port)), metricsPath);
      assert.equal(status, 200, target);
      assert.match(body, /^# TYPE \w+ (counter|gauge)$/m, target);
    }
  }
});

test('the image of the sidecar has the command envoy', () => {
  const root = images.get('sidecar')?.root ?? '';
  const said = execFileSync(path.join(root, 'usr/local/bin/envoy'), ['--version'], {
    env: { PATH: `${folder}/.bin:/usr/bin:/bin`, NODE_COMPILE_CACHE: path.join(folder, '.code-cache') },
  });
  assert.match(said.toString(), /^envoy {2}version: \S+\n$/);
});

/** Bytes of an image above its base, today plus a fifth. */
const sizeLimits = { 'control-plane': 50_000_000, sidecar: 4_000_000, heddle: 20_000_000 };

test('an image holds what its program needs, for a user without rights', () => {
  for (const [target, limitBytes] of Object.entries(sizeLimits)) {
    const image = images.get(target);
    assert.ok(image);
    assert.equal(image.user, 'node', target);
    assert.equal(image.environment['NODE_ENV'], 'production', target);
    const files = globSync('**', { cwd: image.root }).filter((file) =>
      lstatSync(path.join(image.root, file)).isFile(),
    );
    const surplus = files.filter((file) =>
      file.includes('/node_modules/')
        ? /\.d\.[cm]?ts$|\.map$|node_modules\/(typescript|eslint|prettier|node)\//.test(file)
        : /\.ts$/.test(file),
    );
    assert.deepEqual(surplus, [], target);
    const bytes = files.reduce((sum, file) => sum + lstatSync(path.join(image.root, file)).size, 0);
    assert.ok(bytes < limitBytes, `${target}: ${bytes} bytes`);
  }
});
