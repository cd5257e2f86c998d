import type { Fields } from './reading.ts';

export interface ClientRequest {
  readonly fields: Fields;
  /** False: the request stays open. */
  readonly endStream: boolean;
}

function request(method: string, endStream: boolean): ClientRequest {
  const fields: Fields = [
    [':method', method],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'a.test'],
  ];
  return { fields, endStream };
}

/** What the answers answer, on streams 1, 3, 5 and 7. */
export const clientRequests: readonly ClientRequest[] = [
  request('GET', true),
  request('POST', true),
  request('HEAD', true),
  request('POST', false),
];

export function methodOf(streamId: number): string {
  return clientRequests[(streamId - 1) / 2]?.fields[0]?.[1] ?? '';
}
