import type { Connection } from '../../transport/connection.ts';
import type { CodecError } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { toStatusLine } from './reason-phrases.ts';

/**
 * Answers bytes that are no request, where there is no stream to answer on. `headers` are what every answer carries,
 * such as `date`. The caller closes the connection.
 */
export function writeErrorResponse(
  connection: Connection,
  error: CodecError,
  headers: HeaderMap = new HeaderMap(),
): void {
  const statusLine = toStatusLine(String(error.status)) ?? 'HTTP/1.1 400 Bad Request\r\n';
  let fields = error.body === '' ? '' : 'content-type: text/plain\r\n';
  for (let index = 0; index < headers.size; index++) {
    fields += `${headers.nameAt(index)}: ${headers.valueAt(index)}\r\n`;
  }
  connection.write(
    `${statusLine}content-length: ${error.body.length}\r\n${fields}connection: close\r\n\r\n${error.body}`,
  );
}
