import { errorCatalogue, type ErrorCode } from './error-catalogue.ts';

/** Whose fault an error is; decides how it is reported and whether it is worth a retry elsewhere. */
export type ErrorSource = 'downstream' | 'upstream' | 'local' | 'config';

export interface HeddleErrorOptions {
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error class. `code` is a row of the catalogue, which holds the HTTP status, the gRPC status and
 * what the reader should do. `message` is for people: it says what is wrong and where.
 */
export class HeddleError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: HeddleErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HeddleError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get source(): ErrorSource {
    return errorCatalogue[this.code].source;
  }

  get retriable(): boolean {
    return errorCatalogue[this.code].retriable;
  }

  /** Wraps whatever was thrown; a HeddleError passes through unchanged. */
  static from(thrown: unknown, code: ErrorCode = 'internal'): HeddleError {
    if (thrown instanceof HeddleError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new HeddleError(code, message, { cause: thrown });
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
