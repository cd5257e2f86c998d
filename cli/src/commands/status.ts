import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { isRecord, recordsAt } from '../client/json.ts';
import { listProxies, toProxy, type Proxy, type Liveness, type ProxyState } from '../client/proxies.ts';
import { createRestClient } from '../client/rest-client.ts';
import { formatOutput, outputOption, type OutputOptions } from '../output/output-format.ts';
import { renderTable } from '../output/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { examples, serverOption, type ServerOptions } from './options.ts';

export function addStatusCommand(program: Command, context: CliContext): void {
  program
    .command('status')
    .description('show each proxy: what it has acknowledged, what it refused and why')
    .argument('[node]', 'node id of one proxy, with every type of resource')
    .addOption(outputOption())
    .addOption(serverOption(context))
    .addHelpText('after', examples('heddle status', 'heddle status web-1', 'heddle status -o json'))
    .action(async (node: string | undefined, options: OutputOptions & ServerOptions) => {
      const client = createRestClient(options.server);
      const { terminal } = context;
      if (node === undefined) {
        if (options.output === 'table') {
          terminal.write(renderProxies(await listProxies(client), terminal.colors));
          return;
        }
        const { body } = await client.send({ path: '/v1/proxies' });
        terminal.write(formatOutput(options.output, recordsAt(body, 'items'), () => ''));
        return;
      }
      const { body } = await client.send({ path: `/v1/proxies/${encodeURIComponent(node)}` });
      const proxy = toProxy(isRecord(body) ? body : {});
      terminal.write(formatOutput(options.output, body, () => renderProxy(proxy, terminal.colors)));
    });
}

/** One line for each proxy, and below them why something was refused. */
export function renderProxies(proxies: readonly Proxy[], colors: Terminal['colors']): string {
  if (proxies.length === 0) return colors.dim('no proxy is connected');
  const rows = proxies.map((proxy) => [
    proxy.node,
    colorOf(proxy.state, colors)(proxy.state),
    proxy.userAgent,
    proxy.types
      .map(({ type, acknowledgedVersion }) => `${type} ${shortVersion(acknowledgedVersion)}`)
      .join(', '),
    describeLiveness(proxy.live),
  ]);
  const heads = ['NODE', 'STATE', 'PROXY', 'ACKNOWLEDGED', 'LIVE'].map((head) => colors.bold(head));
  const refusals = proxies.flatMap((proxy) =>
    refusedTypes(proxy).map(
      ({ type, refusal }) => `${colors.red(`${proxy.node} refused ${type}:`)} ${refusal}`,
    ),
  );
  return [renderTable(heads, rows), ...(refusals.length === 0 ? [] : ['', ...refusals])].join('\n');
}

function renderProxy(proxy: Proxy, colors: Terminal['colors']): string {
  const heads = ['TYPE', 'STATE', 'SENT', 'ACKNOWLEDGED', 'LIVE'].map((head) => colors.bold(head));
  const rows = proxy.types.map(({ type, state, sentVersion, acknowledgedVersion, liveVersion }) => [
    type,
    state,
    sentVersion || '–',
    acknowledgedVersion || '–',
    liveVersion || 'unknown',
  ]);
  return [
    `${colors.bold(proxy.node)} (${proxy.userAgent}) is ${colorOf(proxy.state, colors)(proxy.state)}`,
    `live in all workers: ${describeLiveness(proxy.live)}`,
    '',
    renderTable(heads, rows),
    ...refusedTypes(proxy).map(({ type, refusal }) => `\n${colors.red(`refused ${type}:`)} ${refusal}`),
  ].join('\n');
}

function describeLiveness(live: Liveness): string {
  switch (live.kind) {
    case 'live':
      return 'yes';
    case 'waiting':
      return `not yet: ${live.types.join(', ')}`;
    case 'unknown':
      return 'unknown';
  }
}

function refusedTypes(proxy: Proxy): readonly { readonly type: string; readonly refusal: string }[] {
  return proxy.types.filter(({ state }) => state === 'refused');
}

function colorOf(state: ProxyState, colors: Terminal['colors']): (text: string) => string {
  switch (state) {
    case 'synced':
      return colors.green;
    case 'stale':
      return colors.yellow;
    case 'refused':
      return colors.red;
    case 'disconnected':
      return colors.dim;
  }
}

/** Versions are hashes: eight characters tell them apart for people. */
function shortVersion(version: string): string {
  return version === '' ? '–' : version.length > 12 ? version.slice(0, 8) : version;
}
