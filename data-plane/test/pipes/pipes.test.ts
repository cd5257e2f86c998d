import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { cluster, fileLog, httpHealthCheck, manager, type Json } from '../statistics/bootstrap-parts.ts';
import { networkFilter, startSubject, subjects } from '../tcp/subject.ts';
import { askPipe } from './pipe-request.ts';
import { startPipeUpstream } from './pipe-upstream.ts';

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'pipes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function pipeCluster(name: string, pipe: string, fields: Json = {}): Json {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: pipe } } } }] }];
  return cluster(name, [], { load_assignment: { cluster_name: name, endpoints }, ...fields });
}

const operators = [
  ...['REMOTE', 'DIRECT_REMOTE', 'LOCAL', 'DIRECT_LOCAL'].flatMap((which) =>
    ['ADDRESS', 'ADDRESS_WITHOUT_PORT', 'PORT'].map((what) => `DOWNSTREAM_${which}_${what}`),
  ),
  ...['UPSTREAM_HOST', 'UPSTREAM_REMOTE_ADDRESS', 'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT'],
  ...['UPSTREAM_REMOTE_PORT', 'UPSTREAM_LOCAL_ADDRESS', 'UPSTREAM_LOCAL_PORT', 'RESPONSE_FLAGS'],
  ...['RESPONSE_CODE_DETAILS', 'UPSTREAM_TRANSPORT_FAILURE_REASON', 'UPSTREAM_HOSTS_ATTEMPTED'],
];

function logOf(logPath: string): Json {
  const { typed_config: config, ...log } = fileLog(logPath) as { readonly typed_config: Json };
  const format = operators.map((name) => `${name}=[%${name}%]`).join(' ');
  return { ...log, typed_config: { ...config, log_format: { text_format: `${format}\n` } } };
}

/** Where the upstream refuses at once, Envoy does not tell of whom it has tried. */
function withoutDifference(line: string): string {
  return line.includes('=[UF]') ? line.replaceAll(/UPSTREAM_(REMOTE|HOSTS_ATTEMPTED)\S*/g, '') : line;
}

const told = new Map<string, readonly string[]>();

for (const subject of subjects) {
  test(`${subject.name}: pipes on both sides`, { skip: subject.skip }, async (t) => {
    const folder = makeFolder(t);
    const at = (name: string): string => path.join(folder, name);
    const abstract = `heddle-${subject.name}-${process.pid}`;
    const upstream = await startPipeUpstream(t, at('up'));
    // What a process that has ended leaves behind, or whatever else, gives way.
    writeFileSync(at('edge'), 'in the way');
    const routes = [
      { match: { prefix: '/absent' }, route: { cluster: 'absent' } },
      { match: { prefix: '/' }, route: { cluster: 'up' } },
    ];
    const http = (name: string, logPath: string, fields: Json) => ({
      address: { pipe: { path: at(name), mode: 0o640 } },
      filter_chains: [
        {
          filters: [
            {
              name: 'manager',
              typed_config: manager(name, routes, { access_log: [logOf(logPath)], ...fields }),
            },
          ],
        },
      ],
    });
    const proxy = await startSubject(subject, (logPath) => ({
      listeners: {
        edge: http('edge', logPath, { use_remote_address: true }),
        inner: http('inner', logPath, {
          use_remote_address: true,
          internal_address_config: { unix_sockets: true },
        }),
        abstract: {
          address: { pipe: { path: `@${abstract}` } },
          filter_chains: [
            { filters: [networkFilter('tcp_proxy.v3.TcpProxy', { stat_prefix: 't', cluster: 'up' })] },
          ],
        },
      },
      clusters: [pipeCluster('up', at('up'), httpHealthCheck('/check')), pipeCluster('absent', at('absent'))],
    }));
    t.after(() => proxy.stop());
    assert.equal(statSync(at('edge')).mode & 0o7777, 0o640);
    const lines: string[] = [];
    const ask = async (name: string, url: string, headers = {}): Promise<string> => {
      const { status, body } = await askPipe(name, url, headers);
      return `${status} ${body}`;
    };
    // The first check made the host healthy, or all would be tried: so the check went by the pipe.
    await proxy.untilStat('cluster.up.membership_healthy', 1);
    lines.push(await ask(at('edge'), '/'));
    lines.push(await ask(at('edge'), '/', { 'x-forwarded-for': '192.0.2.7' }));
    lines.push(await ask(at('edge'), '/absent'));
    lines.push(await ask(at('inner'), '/'));
    lines.push(await ask(`\0${abstract}`, '/'));
    lines.push(...(await proxy.logLines(4)).sort());
    assert.ok(upstream.paths.includes('/check'));
    told.set(
      subject.name,
      lines.map((line) => withoutDifference(line.replaceAll(folder, '<folder>'))),
    );
    if (subject.name === 'heddle') return;
    assert.deepEqual(told.get('heddle'), told.get('envoy'));
  });
}

test('what a pipe tells', () => {
  assert.deepEqual(told.get('heddle')?.slice(0, 5), [
    '200 for undefined, external undefined, internal undefined',
    '200 for 192.0.2.7, external undefined, internal undefined',
    '503 upstream connect error or disconnect/reset before headers. reset reason: remote connection failure',
    '200 for undefined, external undefined, internal true',
    '200 for undefined, external undefined, internal undefined',
  ]);
  const [failed = '', answered = ''] = told.get('heddle')?.slice(5) ?? [];
  assert.match(
    answered,
    /DOWNSTREAM_REMOTE_ADDRESS=\[<folder>\/edge\] .*_PORT=\[\] .*UPSTREAM_LOCAL_ADDRESS=\[-\]/,
  );
  assert.match(failed, /immediate_connect_error:_No_such_file_or_directory\|remote_address:<folder>\/absent/);
});
