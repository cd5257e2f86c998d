import type { HeaderKeyFormat } from '../../config/model/http-connection-manager.ts';
import type { NameCases } from '../header-map.ts';
import type { HeadParser } from './head-parser.ts';

/** The names of a complete head as they were sent; of a name that is there twice the first one. */
export function rememberNameCases(head: HeadParser, { isProperCase }: HeaderKeyFormat): NameCases {
  const originals = new Map<string, string>();
  for (let index = 0; index < head.fieldCount; index++) {
    const name = head.names[index]?.text ?? '';
    if (originals.has(name)) continue;
    const lineStart = head.text.lastIndexOf('\n', (head.valueStarts[index] ?? 0) - 1) + 1;
    originals.set(name, head.text.slice(lineStart, lineStart + name.length));
  }
  return { originals, isProperCase };
}

const fieldName = /\r\n([^:\r\n]+):/g;

/** `head` is a head as it would be written; its names get their case, its start line and its values stay. */
export function formatNames(
  head: string,
  cases: NameCases | undefined,
  format: HeaderKeyFormat | undefined,
): string {
  const isProperCase = cases?.isProperCase ?? (format?.isProperCase === true && !format.remembersCase);
  if (cases === undefined && !isProperCase) return head;
  return head.replace(fieldName, (_, name: string) => {
    const formatted = cases?.originals.get(name) ?? (isProperCase ? toProperCase(name) : name);
    return `\r\n${formatted}:`;
  });
}

const wordStart = /(^|[^a-z0-9])[a-z]/g;

function toProperCase(name: string): string {
  return name.replace(wordStart, (start) => start.toUpperCase());
}
