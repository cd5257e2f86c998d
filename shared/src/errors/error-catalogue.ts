import type { ErrorSource } from './heddle-error.ts';

export interface ErrorEntry {
  readonly source: ErrorSource;
  readonly retriable: boolean;
  /** Status of a REST answer that reports it. */
  readonly httpStatus: number;
  /** Title of the problem+json document, and of the row in docs/errors.md. */
  readonly title: string;
  readonly whatToDo: string;
}

/** Every code that a HeddleError can carry. docs/errors.md is checked against this table. */
export const errorCatalogue = {
  'invalid-input': {
    source: 'config',
    retriable: false,
    httpStatus: 400,
    title: 'The input is not valid',
    whatToDo: 'Correct every position that the answer lists; nothing was changed.',
  },
  'unknown-reference': {
    source: 'config',
    retriable: false,
    httpStatus: 422,
    title: 'The input refers to something that does not exist',
    whatToDo: 'Create what is referred to first, or apply both in one transaction.',
  },
  conflict: {
    source: 'config',
    retriable: false,
    httpStatus: 409,
    title: 'The change conflicts with another object',
    whatToDo: 'Change or delete the object that the answer names.',
  },
  'revision-mismatch': {
    source: 'config',
    retriable: true,
    httpStatus: 412,
    title: 'The object was changed by somebody else',
    whatToDo: 'Read it again, take its new ETag, and repeat the change.',
  },
  'not-found': {
    source: 'config',
    retriable: false,
    httpStatus: 404,
    title: 'There is no such object',
    whatToDo: 'Check the name; GET of the collection lists what exists.',
  },
  'no-lease': {
    source: 'config',
    retriable: false,
    httpStatus: 409,
    title: 'The instance has no lease',
    whatToDo:
      'Register it with lease.ttlSeconds, or stop renewing: without a lease it stays until it is deleted.',
  },
  'unknown-path': {
    source: 'downstream',
    retriable: false,
    httpStatus: 404,
    title: 'There is nothing under this path',
    whatToDo: 'Check the path; /docs lists all of them.',
  },
  'method-not-allowed': {
    source: 'downstream',
    retriable: false,
    httpStatus: 405,
    title: 'The path does not take this method',
    whatToDo: 'Use one of the methods in the Allow header.',
  },
  'unsupported-media-type': {
    source: 'downstream',
    retriable: false,
    httpStatus: 415,
    title: 'The body has a type that the path does not take',
    whatToDo: 'Set the content-type header to the type of the body, one of those that the answer lists.',
  },
  'body-too-large': {
    source: 'downstream',
    retriable: false,
    httpStatus: 413,
    title: 'The body is too large',
    whatToDo: 'Send it in several requests.',
  },
  'registry-unavailable': {
    source: 'local',
    retriable: true,
    httpStatus: 503,
    title: 'The registry cannot be reached',
    whatToDo:
      'Nothing was written. Proxies keep their configuration; repeat the change when the store is back.',
  },
  'port-in-use': {
    source: 'local',
    retriable: false,
    httpStatus: 500,
    title: 'The port is taken',
    whatToDo: 'Stop what listens there, or choose another port.',
  },
  'file-unusable': {
    source: 'local',
    retriable: false,
    httpStatus: 500,
    title: 'A file cannot be read or written',
    whatToDo: 'Check the path and its permissions.',
  },
  'peer-unreachable': {
    source: 'upstream',
    retriable: true,
    httpStatus: 502,
    title: 'A peer cannot be reached',
    whatToDo: 'Check that it runs and that the address is right.',
  },
  internal: {
    source: 'local',
    retriable: false,
    httpStatus: 500,
    title: 'Heddle made a mistake',
    whatToDo: 'Please report it with the log line of the same time.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
