import type { HeaderKeyFormat } from '../../config/model/http-connection-manager.ts';
import type { Connection } from '../../transport/connection.ts';
import type { CodecError, StreamBytes } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { formatNames } from './header-key-format.ts';
import { toStatusLine } from './reason-phrases.ts';

/** What such an answer says of itself, before what every answer carries. */
export function errorResponseHeaders({ status, body }: CodecError): HeaderMap {
  const headers = HeaderMap.of({ ':status': String(status), 'content-length': String(body.length) });
  if (body !== '') headers.add('content-type', 'text/plain');
  return headers;
}

/**
 * Answers bytes that are no request, where there is no stream to answer on. `headers` get the `connection: close` that
 * they go out with; the caller closes the connection. Returns what was written, as streams count it.
 */
export function writeErrorResponse(
  connection: Connection,
  error: CodecError,
  headers: HeaderMap = errorResponseHeaders(error),
  headerKeyFormat?: HeaderKeyFormat,
): Pick<StreamBytes, 'bytesWritten' | 'headerBytesWritten'> {
  headers.set('connection', 'close');
  const statusLine = toStatusLine(String(error.status)) ?? 'HTTP/1.1 400 Bad Request\r\n';
  let head = statusLine;
  for (let index = 0; index < headers.size; index++) {
    const name = headers.nameAt(index);
    if (!name.startsWith(':')) head += `${name}: ${headers.valueAt(index)}\r\n`;
  }
  const text = `${formatNames(head, undefined, headerKeyFormat)}\r\n${error.body}`;
  connection.write(text);
  return { bytesWritten: text.length, headerBytesWritten: head.length - statusLine.length };
}
