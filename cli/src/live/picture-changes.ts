import type { Proxy } from '../client/proxies.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { MeshPicture } from './mesh-picture.ts';

/** A line for everything that differs between two looks at the mesh, objects before proxies. */
export function describeChanges(
  before: MeshPicture,
  after: MeshPicture,
  colors: Terminal['colors'],
): readonly string[] {
  const lines: string[] = [];
  for (const [name, { revision, summary }] of after.objects) {
    const known = before.objects.get(name);
    if (known?.revision === revision) continue;
    const verb = known === undefined ? colors.green('created') : colors.cyan('changed');
    lines.push(`${name} ${verb}${summary === '' ? '' : `: ${summary}`}`);
  }
  for (const name of before.objects.keys()) {
    if (!after.objects.has(name)) lines.push(`${name} ${colors.yellow('deleted')}`);
  }

  const acknowledged: string[] = [];
  for (const [node, proxy] of after.proxies) {
    const known = before.proxies.get(node);
    if (known === undefined) lines.push(`proxy ${node} ${colors.green('connected')} (${proxy.userAgent})`);
    if (known?.state !== proxy.state && proxy.state === 'disconnected') {
      lines.push(`proxy ${node} ${colors.yellow('disconnected')}`);
    }
    if (known !== undefined && known.state === 'disconnected' && proxy.state !== 'disconnected') {
      lines.push(`proxy ${node} ${colors.green('connected again')}`);
    }
    lines.push(...refusals(known, proxy).map((text) => colors.red(text)));
    if (known !== undefined && hasAcknowledged(known, proxy)) acknowledged.push(node);
  }
  if (acknowledged.length > 0) {
    lines.push(colors.dim(`acknowledged by ${acknowledged.sort().join(', ')}`));
  }
  for (const node of before.proxies.keys()) {
    if (!after.proxies.has(node)) lines.push(`proxy ${node} ${colors.dim('forgotten')}`);
  }
  return lines;
}

function refusals(known: Proxy | undefined, proxy: Proxy): string[] {
  return proxy.types
    .filter((type) => type.state === 'refused')
    .filter((type) => {
      const earlier = known?.types.find((other) => other.type === type.type);
      return earlier?.state !== 'refused' || earlier.refusal !== type.refusal;
    })
    .map((type) => `proxy ${proxy.node} refused ${type.type}: ${type.refusal}`);
}

function hasAcknowledged(known: Proxy, proxy: Proxy): boolean {
  return proxy.types.some(({ type, acknowledgedVersion }) => {
    const earlier = known.types.find((other) => other.type === type);
    return earlier?.acknowledgedVersion !== acknowledgedVersion && acknowledgedVersion !== '';
  });
}
