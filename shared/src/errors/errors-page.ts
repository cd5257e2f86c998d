import { errorCatalogue, type ErrorEntry } from './error-catalogue.ts';

/** docs/errors.md: `sh tools/node shared/src/errors/errors-page.ts > docs/errors.md` writes it anew. */
export function buildErrorsPage(): string {
  const sections = Object.entries(errorCatalogue).map(([code, entry]) => buildSection(code, entry));
  return `# Errors

What Heddle says when something is wrong, by code. The REST API answers with problem+json (RFC 9457): the code is
in \`code\`, what is wrong in \`detail\`, every single problem with its JSON pointer in \`problems\`.

${sections.join('\n')}`;
}

function buildSection(code: string, { title, httpStatus, source, retriable, whatToDo }: ErrorEntry): string {
  const repeat = retriable ? 'Worth repeating.' : 'Not worth repeating unchanged.';
  return `## ${code}

${title}. HTTP status ${httpStatus}, source ${source}. ${repeat}

${whatToDo}
`;
}

if (import.meta.main) process.stdout.write(buildErrorsPage());
