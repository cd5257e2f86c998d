import { HeddleError } from '@heddle/shared/errors/heddle-error';

/** The command line is wrong in a way that only its meaning shows; ends with the exit code for wrong usage. */
export class UsageError extends HeddleError {
  constructor(message: string) {
    super('invalid-input', message);
    this.name = 'UsageError';
  }
}
