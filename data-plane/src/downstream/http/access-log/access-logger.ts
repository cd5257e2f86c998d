import type { AccessLog } from '../../../config/model/access-log.ts';
import { compileLogFilter, type LogPredicate } from './access-log-filter.ts';
import type { FormatContext } from './format-operator.ts';
import type { LogFile, LogFiles } from './log-file.ts';
import { compileLogLine, type LogLine } from './log-line.ts';

/** One access log of a connection manager: filter, format, sink. */
export class AccessLogger {
  readonly #shouldLog: LogPredicate;
  readonly #line: LogLine;
  readonly #file: LogFile;

  /** @throws InvalidInputError for formats and filters that do not compile */
  constructor(config: AccessLog, files: LogFiles) {
    this.#shouldLog = compileLogFilter(config.filter);
    this.#line = compileLogLine(config.format, config.omitEmptyValues);
    this.#file = files.open(config.sink);
  }

  /** Once per stream, at its end. */
  log(context: FormatContext): void {
    if (this.#shouldLog(context)) this.#file.write(this.#line(context));
  }
}
