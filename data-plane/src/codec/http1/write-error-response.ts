import type { Connection } from '../../transport/connection.ts';
import type { CodecError } from '../codec.ts';
import { toStatusLine } from './reason-phrases.ts';

/** Answers bytes that are no request, where there is no stream to answer on. The caller closes the connection. */
export function writeErrorResponse(connection: Connection, error: CodecError): void {
  const type = error.body === '' ? '' : 'content-type: text/plain\r\n';
  const statusLine = toStatusLine(String(error.status)) ?? 'HTTP/1.1 400 Bad Request\r\n';
  connection.write(
    `${statusLine}content-length: ${error.body.length}\r\n${type}connection: close\r\n\r\n${error.body}`,
  );
}
