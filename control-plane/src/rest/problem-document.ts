import { Type, type Static } from '@sinclair/typebox';
import { errorCatalogue, type ErrorCode } from '@heddle/shared/errors/error-catalogue';
import type { HeddleError } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import type { TextPosition } from '@heddle/shared/model/parse-documents';

export const problemContentType = 'application/problem+json';

export const ProblemDocumentSchema = Type.Object(
  {
    type: Type.String({ description: 'URN of the error; ends in its code.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'A code of docs/errors.md.' }),
    detail: Type.String({ description: 'What is wrong here.' }),
    whatToDo: Type.String(),
    problems: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({
            description: 'JSON pointer (RFC 6901) in the body, or in the part that `in` names.',
          }),
          message: Type.String(),
          in: Type.Optional(Type.String({ description: 'path, query or headers; absent: the body.' })),
          document: Type.Optional(Type.Integer({ description: 'Which document of the body, from 0.' })),
          line: Type.Optional(Type.Integer({ description: 'From 1.' })),
          column: Type.Optional(Type.Integer({ description: 'From 1.' })),
        }),
        { description: 'Every problem that was found.' },
      ),
    ),
  },
  { title: 'Problem', description: 'RFC 9457.' },
);

export type ProblemDocument = Static<typeof ProblemDocumentSchema>;

/** A problem outside the body. */
export interface RequestProblem extends Problem {
  readonly in: 'path' | 'query' | 'headers';
}

export function toProblemDocument(error: HeddleError): ProblemDocument {
  const { title, httpStatus, whatToDo } = errorCatalogue[error.code];
  const document = {
    type: `urn:heddle:error:${error.code}`,
    title,
    status: httpStatus,
    code: error.code,
    whatToDo,
  };
  if (!(error instanceof InvalidInputError)) return { ...document, detail: error.message };
  const problems = error.problems.map(toProblem);
  const detail = problems.length === 1 ? error.message : `${problems.length} problems`;
  return { ...document, detail, problems };
}

function toProblem(problem: Problem & Partial<TextPosition & RequestProblem>) {
  const { path, message, in: part, documentIndex, line, column } = problem;
  return {
    pointer: path,
    message,
    ...(part === undefined ? {} : { in: part }),
    ...(documentIndex === undefined ? {} : { document: documentIndex }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}

/** For the OpenAPI document: what an operation may answer besides success. */
export function problemResponses(...codes: readonly ErrorCode[]) {
  const responses: Record<number, { description: string; content: object }> = {};
  for (const code of codes) {
    const { httpStatus, title } = errorCatalogue[code];
    responses[httpStatus] = {
      description: title,
      content: { [problemContentType]: { schema: ProblemDocumentSchema } },
    };
  }
  return responses;
}
