import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLogFormat, defaultLogPattern, type LogRecord } from './log-format.ts';
import { createLineFormatter } from './log-line.ts';

const record: LogRecord = {
  level: 'warn',
  // Local time, whatever the machine's zone is.
  timeMs: new Date(2026, 10, 4, 15, 6, 7, 89).getTime(),
  process: 'sidecar',
  component: 'ads',
  message: 'one "two"\nthree',
  threadId: 42,
};

function render(pattern: string, isEscaped = false): string {
  return compileLogFormat({ pattern, isEscaped })(record);
}

test('the default looks as Envoy’s', () => {
  assert.equal(
    render(defaultLogPattern),
    '[2026-11-04 15:06:07.089][42][warning][ads] [sidecar/ads:0] one "two"\nthree\n',
  );
});

test('each conversion', () => {
  const expected: Record<string, string> = {
    v: 'one "two"\nthree',
    _: 'one "two"\\nthree',
    j: 'one \\"two\\"\\nthree',
    t: '42',
    P: String(process.pid),
    n: 'ads',
    l: 'warning',
    L: 'W',
    a: 'Wed',
    A: 'Wednesday',
    b: 'Nov',
    B: 'November',
    c: 'Wed Nov 4 15:06:07 2026',
    C: '26',
    D: '11/04/26',
    e: '089',
    f: '089000',
    F: '089000000',
    E: String(Math.floor(record.timeMs / 1000)),
    I: '03',
    p: 'PM',
    r: '03:06:07 PM',
    R: '15:06',
    '%': '%',
    g: 'sidecar/ads',
    '#': '0',
    '@': 'sidecar/ads:0',
    '^': '',
    Q: '%Q',
  };
  for (const [letter, text] of Object.entries(expected)) assert.equal(render(`%${letter}`), `${text}\n`);
  assert.match(render('%z'), /^[+-]\d\d:\d\d\n$/);
});

test('widths', () => {
  assert.equal(
    render('[%10l][%-10l][%=10l][%3!l][%3l]'),
    '[   warning][warning   ][ warning  ][war][warning]\n',
  );
});

test('an escaped line stays one line', () => {
  assert.equal(render('%v é', true), 'one \\"two\\"\\nthree \\303\\251\n');
});

test('a line of JSON becomes a line of text with its fields, and anything else stays', () => {
  const format = createLineFormatter({ pattern: '[%l][%n] %v', isEscaped: false }, 1);
  assert.equal(
    format(
      '{"level":"info","time":"2026-11-04T15:06:07.089Z","process":"sidecar","listener":"l","address":"a b","count":3,"msg":"listening"}\n',
    ),
    '[info][main] listening listener=l address="a b" count=3\n',
  );
  assert.equal(format('not JSON\n'), 'not JSON\n');
});
