import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Document,
  type EmptyStream,
  type ParsedNode,
} from 'yaml';
import type { ConfigReader } from './config-file.ts';
import {
  TextError,
  type ConfigEntry,
  type ConfigNode,
  type ConfigScalar,
  type ReadText,
  type TextProblem,
} from './config-node.ts';

/**
 * Reads YAML as Envoy does. Only quotes and block scalars (and the tag `!`) make a string of what looks like
 * something else: plain y, n, yes, no, on, off, true, false are booleans, plain integers are integers (0x… and
 * 0… too), plain fractions stay texts for the field's type to read. Other tags and `<<` mean nothing. Of a key that
 * occurs twice the last one counts, of several documents the first; both with a warning.
 *
 * @throws TextError with every syntax error of the first document
 */
export function readYaml(text: string): ReadText {
  const documents = parseDocuments(text);
  const [document, second] = 'empty' in documents ? [] : documents;
  if (document === undefined || document.contents === null) {
    throw new TextError([{ offset: 0, message: 'the file is empty; an empty configuration is {}' }]);
  }
  const errors = document.errors.map((error): TextProblem => {
    return { offset: error.pos[0], message: describeYamlError(error.code, error.message) };
  });
  if (errors.length > 0) throw new TextError(errors);
  const converter = new YamlConverter(document);
  const root = converter.convert(document.contents);
  if (second !== undefined) {
    converter.warnings.push({
      offset: second.range[0],
      message: 'only the first document of the file is read',
    });
  }
  return { root, warnings: converter.warnings };
}

export const yamlReader: ConfigReader = { syntax: 'yaml', read: readYaml };

function parseDocuments(text: string): Document.Parsed[] | EmptyStream {
  try {
    return parseAllDocuments(text, {
      schema: 'failsafe',
      merge: false,
      uniqueKeys: false,
      logLevel: 'silent',
      prettyErrors: false,
    });
  } catch (thrown) {
    // The parser recurses; a stack that is used up is the only thing that it throws.
    if (thrown instanceof RangeError) throw new TextError([{ offset: 0, message: nestedTooDeeply }]);
    throw thrown;
  }
}

const nestedTooDeeply = 'objects and lists are nested too deeply';
const maxDepth = 200;

/** More nodes than any configuration has: aliases of aliases can ask for billions. */
const maxNodeCount = 2_000_000;

class YamlConverter {
  readonly #document: Document.Parsed;
  readonly #converted = new Map<ParsedNode, { node: ConfigNode; size: number }>();
  readonly #open = new Set<ParsedNode>();
  readonly warnings: TextProblem[] = [];

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  convert(root: ParsedNode): ConfigNode {
    return this.#node(root).node;
  }

  #node(source: ParsedNode): { node: ConfigNode; size: number } {
    const known = this.#converted.get(source);
    if (known !== undefined) return known;
    if (this.#open.has(source))
      throw new TextError([{ offset: startOf(source), message: 'an anchor contains itself' }]);
    if (this.#open.size > maxDepth)
      throw new TextError([{ offset: startOf(source), message: nestedTooDeeply }]);
    this.#open.add(source);
    const made = this.#make(source);
    this.#open.delete(source);
    if (made.size > maxNodeCount) {
      throw new TextError([{ offset: startOf(source), message: 'aliases expand to too much' }]);
    }
    this.#converted.set(source, made);
    return made;
  }

  #make(source: ParsedNode): { node: ConfigNode; size: number } {
    if (isAlias(source)) {
      const target = source.resolve(this.#document) as ParsedNode | undefined;
      if (target !== undefined) return this.#node(target);
      throw new TextError([
        { offset: startOf(source), message: `no anchor "${source.source}" is defined before` },
      ]);
    }
    if (isScalar(source)) return { node: readScalar(source), size: 1 };
    if (isSeq(source)) {
      const items = source.items.map((item) => this.#node(item));
      return {
        node: { kind: 'list', offset: startOf(source), items: items.map(({ node }) => node) },
        size: sum(items),
      };
    }
    return this.#map(source);
  }

  #map(source: ParsedNode): { node: ConfigNode; size: number } {
    if (!isMap(source)) throw new TextError([{ offset: startOf(source), message: 'not a value' }]);
    const entries = new Map<string, ConfigEntry>();
    const parts: { size: number }[] = [];
    for (const pair of source.items) {
      const keyNode = pair.key;
      const keyOffset = startOf(keyNode);
      const key = isCollection(keyNode) ? undefined : textOfKey(this.#node(keyNode).node);
      if (key === undefined)
        throw new TextError([{ offset: keyOffset, message: 'a key must be a plain word or a string' }]);
      const part = pair.value === null ? emptyValue(keyOffset) : this.#node(pair.value);
      if (entries.has(key)) {
        this.warnings.push({
          offset: keyOffset,
          message: `the key "${key}" occurs twice; the last one counts`,
        });
        entries.delete(key);
      }
      entries.set(key, { key, keyOffset, node: part.node });
      parts.push(part);
    }
    return {
      node: { kind: 'map', offset: startOf(source), entries: [...entries.values()] },
      size: sum(parts),
    };
  }
}

interface YamlScalar {
  readonly source?: string;
  readonly type?: string;
  readonly tag?: string;
  readonly value: unknown;
  readonly range?: readonly [number, number, number] | null;
}

const booleans: ReadonlyMap<string, boolean> = new Map(
  [
    ['y', 'n'],
    ['yes', 'no'],
    ['true', 'false'],
    ['on', 'off'],
  ].flatMap((pair) =>
    pair.flatMap((word, index) =>
      [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)].map(
        (spelling) => [spelling, index === 0] as const,
      ),
    ),
  ),
);

const nullWords: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);

function readScalar(scalar: YamlScalar): ConfigScalar {
  const offset = scalar.range?.[0] ?? 0;
  const text = typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? '');
  const isTagged = scalar.tag !== undefined;
  if (scalar.tag === '!' || (!isTagged && scalar.type !== undefined && scalar.type !== 'PLAIN')) {
    return { kind: 'scalar', offset, value: text };
  }
  if (nullWords.has(text) && (scalar.type === undefined || scalar.type === 'PLAIN')) {
    return { kind: 'scalar', offset, value: null, source: text };
  }
  const value = booleans.get(text) ?? readInteger(text) ?? text;
  return { kind: 'scalar', offset, value, source: text };
}

/** An integer of 32 bits as a number, of 64 as its decimal digits; undefined for anything else. */
function readInteger(text: string): number | string | undefined {
  const parts = /^([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/.exec(text);
  if (parts === null) return undefined;
  const [, sign, digits = ''] = parts;
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = sign === '-' ? -magnitude : magnitude;
  if (BigInt.asIntN(64, value) !== value) return undefined;
  return BigInt.asIntN(32, value) === value ? Number(value) : value.toString();
}

function textOfKey(node: ConfigNode): string | undefined {
  if (node.kind !== 'scalar') return undefined;
  return node.source ?? String(node.value);
}

function emptyValue(offset: number): { node: ConfigNode; size: number } {
  return { node: { kind: 'scalar', offset, value: null }, size: 1 };
}

function startOf(node: ParsedNode): number {
  return node.range[0];
}

function sum(parts: readonly { size: number }[]): number {
  return parts.reduce((total, part) => total + part.size, 1);
}

function describeYamlError(code: string, message: string): string {
  if (code === 'TAB_AS_INDENT') return 'a tab cannot indent in YAML; use spaces';
  // The parser recurses; where its stack ends, it says so of the place it was at.
  return message.includes('call stack') ? nestedTooDeeply : message;
}
