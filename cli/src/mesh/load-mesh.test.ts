import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import { checkDemoFile, DemoFileSchema } from '../demo/demo-file-schema.ts';
import { loadMesh, requireFreePorts } from './load-mesh.ts';
import { portsOf } from './mesh-plan.ts';
import { readDocumentFile } from './read-document-file.ts';
import { renderTryLines } from './try-lines.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'heddle-mesh-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function problemsOf(promise: Promise<unknown>): Promise<string[]> {
  try {
    await promise;
  } catch (thrown) {
    assert.ok(thrown instanceof InvalidInputError, String(thrown));
    return thrown.problems.map(
      ({ path: where, message }) => `${where.replace(`${folder}/`, '')}: ${message}`,
    );
  }
  return assert.fail('it was taken');
}

const shop = path.resolve(import.meta.dirname, '../../../examples/shop');

test('the shop and its demo are valid, and their ports are those that the comments say', async () => {
  const loaded = await loadMesh(path.join(shop, 'mesh.yaml'), false);
  const [web, first] = loaded.plan.instances;
  assert.deepEqual(
    [web?.appPort, web?.outboundPort, web?.inboundPort, web?.adminPort],
    [8701, 15001, 15006, 9901],
  );
  assert.deepEqual([first?.appPort, first?.outboundPort], [8702, 15011]);
  const demo = await readDocumentFile(path.join(shop, 'demo.yaml'), DemoFileSchema);
  const ids = new Set(loaded.plan.instances.map(({ id }) => id));
  assert.deepEqual(checkDemoFile(demo, ids, new Set(Object.keys(loaded.file.services))), []);
});

test('what to try has no placeholder left, and names the server where it is not the default', async () => {
  const loaded = await loadMesh(path.join(shop, 'mesh.yaml'), true);
  const lines = renderTryLines(loaded, loaded.plan);
  assert.doesNotMatch(lines, /[{}]/);
  assert.match(
    lines,
    new RegExp(`HEDDLE_SERVER=http://127.0.0.1:${loaded.plan.restPort} \\S*cli/bin/heddle status`),
  );
  assert.equal(new Set(portsOf(loaded.plan).map(({ port }) => port)).size, portsOf(loaded.plan).length);
});

test('all problems of a mesh file stand with their positions', async () => {
  const file = write(
    'bad.yaml',
    `services:
  web:
    comand: [node, web.ts]
    instances:
      - { id: web-1, port: 99999 }
`,
  );
  assert.deepEqual(await problemsOf(loadMesh(file, false)), [
    'bad.yaml:2:3: services.web.command: is required',
    'bad.yaml:3:5: services.web.comand: unknown field "comand" (did you mean "command"?)',
    'bad.yaml:5:22: services.web.instances.0.port: must be at most 65535, got 99999',
  ]);
});

test('ids and ports that occur twice, and names of nothing, are problems', async () => {
  const file = write(
    'twice.yaml',
    `services:
  web:
    command: [node, web.ts]
    upstreams: [cart]
    instances:
      - { id: web-1, port: 8702 }
      - { id: web-1 }
checks:
  - { via: web-9, host: web }
`,
  );
  assert.deepEqual(await problemsOf(loadMesh(file, false)), [
    'twice.yaml:4:17: services.web.upstreams.0: no service "cart"',
    'twice.yaml:7:11: services.web.instances.1.id: a second "web-1"',
    'twice.yaml:9:7: checks.0.via: no instance "web-9"',
    'twice.yaml:1:1: services: port 8702 is given twice: web-1, web-1',
  ]);
});

test('a problem of an object file names that file', async () => {
  write('objects.yaml', 'kind: Service\nmetadata: {}\n');
  const file = write(
    'mesh.yaml',
    'objects: [objects.yaml]\nservices: { web: { command: [node], instances: [{ id: web-1 }] } }\n',
  );
  const [problem] = await problemsOf(loadMesh(file, false));
  assert.match(problem ?? '', /objects\.yaml:2:\d+: \/metadata\/name: is required$/);
});

test('a port that is taken is said with its owner before anything starts', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const loaded = await loadMesh(path.join(shop, 'mesh.yaml'), true);
  await assert.rejects(
    requireFreePorts({ ...loaded.plan, restPort: port }),
    new RegExp(
      `a port is taken: ${port} \\(REST of the control plane\\); stop what listens there, or use --free-ports`,
    ),
  );
  await requireFreePorts(loaded.plan);
  await new Promise((resolve) => server.close(resolve));
});
