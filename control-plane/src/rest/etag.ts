import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { describeKey } from '@heddle/shared/model/object-key';

/** The entity tag of an object is its modifyRevision. */
export function toEtag(revision: number): string {
  return `"${revision}"`;
}

/** What a request demands of the present state of the object that it changes (RFC 9110, section 13.1). */
export interface PreconditionHeaders {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
}

/**
 * The revision that the write has to find; 0: no object; undefined: whatever is there. Throws
 * `revision-mismatch` when the present state already contradicts. `presentRevision` 0: there is no object.
 */
export function toExpectedRevision(
  headers: PreconditionHeaders,
  key: string,
  presentRevision: number,
): number | undefined {
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined && presentRevision > 0 && matches(ifNoneMatch, presentRevision)) {
    throw revisionMismatch(key, presentRevision);
  }
  const ifMatch = headers['if-match'];
  if (ifMatch === undefined) return ifNoneMatch?.trim() === '*' ? 0 : undefined;
  if (presentRevision === 0 || !matches(ifMatch, presentRevision))
    throw revisionMismatch(key, presentRevision);
  return presentRevision;
}

/** Whether a GET can be answered with 304. */
export function isNotModified(ifNoneMatch: string | undefined, revision: number): boolean {
  return ifNoneMatch !== undefined && matches(ifNoneMatch, revision);
}

export function revisionMismatch(key: string, actualRevision: number): HeddleError {
  const actual = actualRevision === 0 ? 'does not exist' : `has ETag ${toEtag(actualRevision)}`;
  return new HeddleError('revision-mismatch', `${describeKey(key)} ${actual}`, {
    details: { actualRevision },
  });
}

function matches(header: string, revision: number): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === toEtag(revision));
}
