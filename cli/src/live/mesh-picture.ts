import { recordAt, recordsAt, textAt, type JsonRecord } from '../client/json.ts';
import { kindWords, listObjects, nameOf } from '../client/kinds.ts';
import { listProxies, type Proxy } from '../client/proxies.ts';
import type { RestClient } from '../client/rest-client.ts';
import { describeBackends } from '../output/object-tables.ts';

/** The mesh at one moment, as far as people watch it. */
export interface MeshPicture {
  /** By a name such as `route catalog`. */
  readonly objects: ReadonlyMap<string, PicturedObject>;
  /** By node id. */
  readonly proxies: ReadonlyMap<string, Proxy>;
}

export interface PicturedObject {
  readonly revision: string;
  /** What is worth saying when it appears or changes; may be ''. */
  readonly summary: string;
}

export async function readMeshPicture(client: RestClient): Promise<MeshPicture> {
  const [proxies, ...lists] = await Promise.all([
    listProxies(client),
    ...kindWords.map((kind) => listObjects(client, kind)),
  ]);
  const objects = new Map<string, PicturedObject>();
  kindWords.forEach((kind, index) => {
    for (const object of lists[index] ?? []) {
      const service = textAt(recordAt(object, 'metadata'), 'service');
      const name = service === '' ? nameOf(object) : `${service}/${nameOf(object)}`;
      objects.set(`${kind} ${name}`, { revision: textAt(object, 'revision'), summary: summarize(object) });
    }
  });
  return { objects, proxies: new Map(proxies.map((proxy) => [proxy.node, proxy])) };
}

function summarize(object: JsonRecord): string {
  const spec = recordAt(object, 'spec');
  switch (object['kind']) {
    case 'HTTPRoute':
      return describeBackends(recordsAt(spec, 'rules'));
    case 'Instance': {
      const version = textAt(spec, 'version');
      return `${textAt(spec, 'address')}:${textAt(spec, 'port')}${version === '' ? '' : `, version ${version}`}`;
    }
    default:
      return '';
  }
}
