import { mkdirSync, writeFileSync } from 'node:fs';
import {
  TypeRegistry,
  type EnumType,
  type FieldType,
  type MessageType,
} from '../../shared/src/xds/message-type.ts';
import { isWrapper } from '../../shared/src/xds/well-known-shapes.ts';
import { entryPoints } from '../entry-points.ts';

interface Closure {
  readonly messages: Map<string, MessageType>;
  readonly enums: Map<string, EnumType>;
}

function generateTypes(types: TypeRegistry, roots: readonly string[]): string {
  const closure: Closure = { messages: new Map(), enums: new Map() };
  for (const root of roots) addMessage(closure, types.message(root));
  const names = chooseNames([...closure.messages.keys(), ...closure.enums.keys()]);
  const nameOf = (fullName: string): string => names.get(fullName) ?? fullName;
  const messages = [...closure.messages.values()].sort(byFullName);
  const enums = [...closure.enums.values()].sort(byFullName);
  return [
    "import type { JsonObject, JsonValue } from '../../shared/src/xds/json-value.ts';",
    ...enums.map((type) => enumText(type, nameOf)),
    ...messages
      .filter((type) => shapedText(type.fullName) === undefined)
      .map((type) => messageText(type, nameOf)),
    '/** Every message here by its full name. */\nexport interface ApiMessages {',
    ...messages.map((type) => `  '${type.fullName}': ${shapedText(type.fullName) ?? nameOf(type.fullName)};`),
    '}\n',
  ].join('\n');
}

function addMessage(closure: Closure, type: MessageType): void {
  if (closure.messages.has(type.fullName)) return;
  closure.messages.set(type.fullName, type);
  for (const field of type.fields) {
    if (field.isMessage) addMessage(closure, field.messageType);
    else if (field.scalar === undefined) closure.enums.set(field.enumType.fullName, field.enumType);
  }
}

/** In this order messages take the short name where two packages share one; then by full name. */
const precedence = ['google.protobuf.', 'listener', 'route', 'cluster', 'endpoint', 'core', ''].map((word) =>
  word.endsWith('.') ? word : word === '' ? 'envoy.config.' : `envoy.config.${word}.`,
);

/** Too general to stand without their package's last word. */
const generalNames: ReadonlySet<string> = new Set([
  'Config',
  'ClusterConfig',
  'FilterConfig',
  'PerRouteConfig',
]);

/**
 * `envoy.config.cluster.v3.Cluster.LbPolicy` is `Cluster_LbPolicy`. Who comes too late for a name puts the last
 * word of the package before it: `CoreRetryPolicy`.
 */
function chooseNames(fullNames: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>(generalNames);
  for (const fullName of [...fullNames].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))) {
    const segments = fullName.split('.');
    const first = segments.findIndex((segment) => /^[A-Z]/.test(segment));
    const packageWords = segments.slice(0, first).filter((segment) => !/^v\d/.test(segment));
    let name = segments.slice(first).join('_');
    while (taken.has(name)) {
      const word = packageWords.pop();
      if (word === undefined) throw new Error(`no name is left for ${fullName}`);
      name = toPascal(word) + name;
    }
    taken.add(name);
    names.set(fullName, name);
  }
  return names;
}

function rank(fullName: string): number {
  const index = precedence.findIndex((prefix) => fullName.startsWith(prefix));
  return index === -1 ? precedence.length : index;
}

function toPascal(word: string): string {
  return word.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function enumText(type: EnumType, nameOf: (fullName: string) => string): string {
  const values = [...type.nameByNumber.values()].map((name) => `'${name}'`);
  return `export type ${nameOf(type.fullName)} =\n  | ${values.join('\n  | ')};`;
}

function messageText(type: MessageType, nameOf: (fullName: string) => string): string {
  const fields = type.fields.map((field) => {
    const mark = field.hasPresence ? '?' : '';
    return `  readonly ${field.key}${mark}: ${fieldText(field, nameOf)};`;
  });
  return `export interface ${nameOf(type.fullName)} {\n${fields.join('\n')}\n}`;
}

function fieldText(field: FieldType, nameOf: (fullName: string) => string): string {
  const value = valueText(field, nameOf);
  if (field.cardinality === 'map') return `Readonly<Record<string, ${value}>>`;
  return field.cardinality === 'repeated' ? `readonly ${value}[]` : value;
}

function valueText(field: FieldType, nameOf: (fullName: string) => string): string {
  if (field.scalar !== undefined) return scalarText(field.scalar);
  const fullName = field.typeName ?? '';
  return shapedText(fullName) ?? nameOf(fullName);
}

function scalarText(kind: string): string {
  if (kind === 'string') return 'string';
  if (kind === 'bool') return 'boolean';
  return kind === 'bytes' ? 'Uint8Array' : 'number';
}

/** Types of the messages that decoded values hold in a handier shape than their fields. */
function shapedText(fullName: string): string | undefined {
  if (fullName === 'google.protobuf.Struct') return 'JsonObject';
  if (fullName === 'google.protobuf.Value') return 'JsonValue';
  if (fullName === 'google.protobuf.ListValue') return 'readonly JsonValue[]';
  if (!isWrapper(fullName)) return undefined;
  const kind = fullName.slice('google.protobuf.'.length, -'Value'.length).toLowerCase();
  return scalarText(kind);
}

function byFullName(a: { fullName: string }, b: { fullName: string }): number {
  return a.fullName < b.fullName ? -1 : 1;
}

/** Writes proto/generated/envoy-api.ts: a TypeScript type for every entry point and all that it holds. */
const folder = new URL('../generated/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('envoy-api.ts', folder), generateTypes(new TypeRegistry(), entryPoints));
