import { isUtf8 } from 'node:buffer';
import { InvalidInputError, type Problem } from '../errors/problem.ts';
import {
  findNode,
  TextError,
  toValue,
  type ConfigNode,
  type ReadText,
  type TextProblem,
} from './config-node.ts';
import { readJson } from './read-json.ts';

export type ConfigSyntax = 'yaml' | 'json';

/** Turns a text of one syntax into a tree. */
export interface ConfigReader {
  readonly syntax: ConfigSyntax;
  /** @throws TextError with every syntax error */
  read(text: string): ReadText;
}

export const jsonReader: ConfigReader = { syntax: 'json', read: readJson };

/** A configuration file that could be read; whether it is a valid configuration is another question. */
export interface ConfigFile {
  /** Objects, lists, strings, numbers, booleans and null, as Envoy understands the text. */
  readonly value: unknown;
  /** What is accepted but probably not meant; `path` is `file:line:column`. */
  readonly warnings: readonly Problem[];
  /** `file:line:column` of a field (`admin.address`), or of what is nearest to it. */
  placeOf(path: string): string;
  /** Whether the text itself says something at a path. */
  has(path: string): boolean;
  /** How many elements a list has; one that stands for a list counts as 1, what is missing as 0. */
  lengthOf(path: string): number;
  /** The same problems from top to bottom of the file, their place in front of the path, with a hint where YAML read something unexpected. */
  locate(problems: readonly Problem[]): Problem[];
}

/** As Envoy: `.yaml` and `.yml` are YAML, everything else is JSON. */
export function syntaxOf(fileName: string): ConfigSyntax {
  return /\.ya?ml$/i.test(fileName) ? 'yaml' : 'json';
}

/** The parser of YAML is loaded only for those who have YAML: it is a tenth of what a sidecar would load. */
export async function loadConfigReader(syntax: ConfigSyntax): Promise<ConfigReader> {
  return syntax === 'json' ? jsonReader : (await import('./read-yaml.ts')).yamlReader;
}

/**
 * Reads a configuration text. YAML may be UTF-8 or UTF-16, with or without a byte order mark.
 * `fileName` is what places are shown with.
 *
 * @throws InvalidInputError with every syntax error; `path` is `file:line:column`
 */
export function parseConfigFile(bytes: Uint8Array, fileName: string, reader: ConfigReader): ConfigFile {
  const { syntax } = reader;
  const encoding = syntax === 'yaml' ? encodingOf(bytes) : 'utf-8';
  const text = new TextDecoder(encoding, { ignoreBOM: syntax === 'json' }).decode(bytes);
  const place = (offset: number): string => `${fileName}:${lineAndColumn(text, offset)}`;
  const toProblem = ({ offset, message }: TextProblem): Problem => ({ path: place(offset), message });
  const read = readText(text, reader, toProblem);
  const warnings = read.warnings.map(toProblem);
  if (encoding === 'utf-8' && !isUtf8(bytes)) {
    warnings.push({ path: fileName, message: 'not all of it is UTF-8; what is not was replaced' });
  }
  const placeOf = (path: string): string => place(findNode(read.root, path).offset);
  return {
    value: toValue(read.root),
    warnings,
    placeOf,
    has: (path) => findNode(read.root, path).isExact,
    lengthOf(path) {
      const { node, isExact } = findNode(read.root, path);
      if (!isExact) return 0;
      return node.kind === 'list' ? node.items.length : 1;
    },
    locate: (problems) =>
      problems
        .map(({ path, message }) => ({ path, message, ...findNode(read.root, path) }))
        .sort((a, b) => a.offset - b.offset)
        .map(({ path, message, offset, node }) => ({
          path: place(offset),
          message: (path === '' ? message : `${path}: ${message}`) + quotingHint(node, message),
        })),
  };
}

function readText(
  text: string,
  reader: ConfigReader,
  toProblem: (problem: TextProblem) => Problem,
): ReadText {
  try {
    return reader.read(text);
  } catch (thrown) {
    if (thrown instanceof TextError) throw new InvalidInputError(thrown.problems.map(toProblem));
    throw thrown;
  }
}

function quotingHint(node: ConfigNode, message: string): string {
  if (node.kind !== 'scalar' || node.source === undefined || typeof node.value === 'string') return '';
  if (!message.startsWith('expected a string')) return '';
  const value = JSON.stringify(node.value);
  const reason = value === node.source ? '' : ` (YAML reads ${node.source} as ${value})`;
  return `; write it in quotes: "${node.source}"${reason}`;
}

function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0 && second !== undefined))
    return 'utf-16be';
  return 'utf-8';
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return `${line}:${offset - lineStart + 1}`;
}
