import { join } from 'node:path';
import { knownDifferences } from './known-differences.ts';

export const documentPath: string = join(import.meta.dirname, '../../../docs/proxy-protocol.md');

/** docs/proxy-protocol.md. */
export function differencesDocument(headerCount: number): string {
  const rows = knownDifferences.map(({ headers, heddle, than, other, reason }) =>
    [headers, heddle, `${than}: ${other}`, reason].join(' | '),
  );
  return `# PROXY headers beside Envoy and HAProxy

A test sends ${headerCount} headers of versions 1 and 2 to Heddle, to a real Envoy and to HAProxy: valid ones, whole and in two
pieces cut at every byte; broken ones of each kind; and valid ones with each byte changed. It compares what each makes of them:
from whom and to whom the connection is, or that it is closed. This page is written from the test's table of differences
(\`sh tools/node data-plane/test/proxy-headers/write-document.ts\`); a difference that it does not list fails the test, and so does
one that is gone. The specification is HAProxy's \`proxy-protocol.txt\`.

| Header | Heddle | Elsewhere | Why |
| --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join('\n')}

\`AF_UNSPEC\` and \`AF_UNIX\` with the command \`PROXY\` are closed, by all three. HAProxy as the sender (\`send-proxy\`,
\`send-proxy-v2\` with a checksum and a unique id) is understood.
`;
}
