/** A name and its microseconds for one request. */
export type Share = readonly [name: string, microseconds: number];

/** The first that fits a file below `src/` names its stage. What sockets do is not in the bench. */
const stages: readonly (readonly [files: RegExp, stage: string])[] = [
  [/^codec\/http1\/(field-reader|.*-stream|reason-phrases|header-key-format)\.ts$/, 'encode'],
  [/^codec\/http2\/(encode-fields\.ts|hpack\/(hpack-encoder|huffman))/, 'encode'],
  [/^codec\/http2\/(header-|request-head|hpack\/)/, 'parse'],
  [/^codec\/http2\/(frame-re|flood-guard|outbound|waiting-frames)/, 'frames'],
  [/^codec\/http2\//, 'streams of HTTP/2'],
  [/^codec\//, 'parse'],
  [/^(downstream\/http\/access-log\/|lang\/latin1)/, 'log'],
  [/^downstream\/http\/(http-filter-chain|filter-pass|filter-callbacks)\.ts$/, 'filters'],
  [/^downstream\//, 'connection manager'],
  [
    /^(lang|router\/(route-table|route-matcher|virtual-host-matcher|active-route-tables|resolved-route))/,
    'route',
  ],
  [/^router\//, 'router'],
  [/^upstream\/(load-balancer|host-set)\//, 'pick'],
  [/^upstream\//, 'pool'],
  [/^stats\//, 'statistics'],
  [/^time\//, 'timers'],
  [/^\(+garbage collector\)+$/, 'garbage collection'],
];

export function stageOf(file: string): string {
  return stages.find(([files]) => files.test(file))?.[1] ?? 'the rest of the runtime';
}

/** Of the same name together, the largest first. */
export function sumUp(shares: readonly Share[]): readonly Share[] {
  const totals = new Map<string, number>();
  for (const [name, microseconds] of shares) totals.set(name, (totals.get(name) ?? 0) + microseconds);
  return [...totals].sort(([, a], [, b]) => b - a);
}
