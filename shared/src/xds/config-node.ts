import { setKey } from './json-value.ts';
import { toLowerCamel } from './message-type.ts';

/** A configuration text as a tree that remembers where everything stands. Offsets count characters from 0. */
export type ConfigNode = ConfigScalar | ConfigList | ConfigMap;

export interface ConfigScalar {
  readonly kind: 'scalar';
  readonly offset: number;
  readonly value: string | number | boolean | null;
  /** As written, where that differs from the value: YAML's `n` is false. */
  readonly source?: string;
}

export interface ConfigList {
  readonly kind: 'list';
  readonly offset: number;
  readonly items: readonly ConfigNode[];
}

export interface ConfigMap {
  readonly kind: 'map';
  readonly offset: number;
  /** In the order of the text, each key once. */
  readonly entries: readonly ConfigEntry[];
}

export interface ConfigEntry {
  readonly key: string;
  readonly keyOffset: number;
  readonly node: ConfigNode;
}

/** What was read, and what a reader should know of it though it is accepted. */
export interface ReadText {
  readonly root: ConfigNode;
  readonly warnings: readonly TextProblem[];
}

/** Something wrong at one place of a text. */
export interface TextProblem {
  readonly offset: number;
  readonly message: string;
}

/** A text that cannot be read. `problems` holds at least one. */
export class TextError extends Error {
  readonly problems: readonly TextProblem[];

  constructor(problems: readonly TextProblem[]) {
    super(problems.map((problem) => problem.message).join('; '));
    this.name = 'TextError';
    this.problems = problems;
  }
}

export function toValue(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toValue);
  const value: Record<string, unknown> = {};
  for (const entry of node.entries) setKey(value, entry.key, toValue(entry.node));
  return value;
}

/** What stands at a path, or the nearest thing around it, and the offset to show for it. */
export interface FoundNode {
  readonly node: ConfigNode;
  readonly offset: number;
  /** False: it is only what is nearest. */
  readonly isExact: boolean;
}

/**
 * Finds `static_resources.clusters[0].load_assignment` or `metadata["a.b"]`. Keys match in either spelling
 * (`lb_policy`, `lbPolicy`). An index into what is not a list is passed over, since one object may stand for a
 * list of one. What is missing is answered by its nearest ancestor.
 */
export function findNode(root: ConfigNode, path: string): FoundNode {
  let found: FoundNode = { node: root, offset: root.offset, isExact: true };
  for (const segment of parsePath(path)) {
    const { node } = found;
    if (node.kind === 'list') {
      const item = typeof segment === 'number' ? node.items[segment] : undefined;
      if (item === undefined) return { ...found, isExact: false };
      found = { node: item, offset: item.offset, isExact: true };
    } else if (node.kind === 'map' && typeof segment === 'string') {
      const entry =
        node.entries.find(({ key }) => key === segment) ??
        node.entries.find(({ key }) => toLowerCamel(key) === toLowerCamel(segment));
      if (entry === undefined) return { ...found, isExact: false };
      found = {
        node: entry.node,
        offset: entry.node.kind === 'scalar' ? entry.node.offset : entry.keyOffset,
        isExact: true,
      };
    } else if (node.kind === 'scalar') {
      return { ...found, isExact: false };
    }
  }
  return found;
}

function parsePath(path: string): (string | number)[] {
  const segments: (string | number)[] = [];
  for (const [text] of path.matchAll(/\[\d+\]|\["(?:[^"\\]|\\.)*"\]|[^.[\]]+/g)) {
    if (text.startsWith('["')) segments.push(JSON.parse(text.slice(1, -1)) as string);
    else segments.push(text.startsWith('[') ? Number(text.slice(1, -1)) : text);
  }
  return segments;
}
