import type { MessageSupport, SupportTable } from './message-support.ts';

const preamble = `# Configuration of the sidecar

The sidecar takes Envoy's own configuration: a bootstrap file, and resources over xDS (API version 1.40). This page lists, message by
message, which fields it implements. It is generated from the table that the sidecar itself goes by; after a change of the table run
\`sh tools/node data-plane/src/config/resources/support/write-document.ts\`.

- **supported**: does what Envoy does.
- **ignored**: accepted, reported (at start for a file, in the log for a resource), and without effect, for the reason given.
- Everything else that is set is **refused** with its path: \`static_resources.clusters[0].outlier_detection: is not supported by Heddle yet\`.
  A resource that is refused over xDS is answered by a NACK with all such lines; what served before goes on serving.
`;

/** The reference page of the support table, in Markdown. */
export function buildSupportDocument(table: SupportTable): string {
  const sections = Object.entries(table)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, row]) => section(name, row));
  return `${preamble}\n${sections.join('\n')}`;
}

function section(name: string, { supported, only, ignored }: MessageSupport): string {
  const fields = supported.map((field) => {
    const values = only?.[field];
    return values === undefined
      ? `\`${field}\``
      : `\`${field}\` (${values.map((value) => `\`${value}\``).join(', ')})`;
  });
  const lines = [`## ${name}`, '', `Supported: ${fields.length === 0 ? 'no fields' : fields.join(', ')}.`];
  const reasons = Object.entries(ignored ?? {});
  if (reasons.length > 0) {
    lines.push('', 'Ignored:', '', ...reasons.map(([field, reason]) => `- \`${field}\`: ${reason}`));
  }
  return `${lines.join('\n')}\n`;
}
