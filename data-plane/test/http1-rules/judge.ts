import { statusOf, valueOf, type Observation, type SeenMessage } from './observation.ts';
import type { ExpectedAnswer, ExpectedFields, ExpectedRequest, Outcome, Rule } from './rule.ts';

/** Undefined when the rule was kept; otherwise why no outcome fits, one reason for each. */
export function judge(rule: Rule, seen: Observation): string | undefined {
  if (seen.faults.length > 0) return seen.faults.join('; ');
  const reasons: string[] = [];
  for (const outcome of rule.outcomes) {
    const reason = mismatch(outcome, seen);
    if (reason === undefined) return undefined;
    reasons.push(reason);
  }
  return reasons.join(' | ');
}

function mismatch(outcome: Outcome, seen: Observation): string | undefined {
  const { requests, answers, informational, closes, isAnswerCut, tunnelUp, tunnelDown } = outcome;
  if (requests !== undefined) {
    if (requests.length !== seen.requests.length) return `${seen.requests.length} requests forwarded`;
    for (const [index, expected] of requests.entries()) {
      const reason = mismatchOfRequest(expected, seen, index);
      if (reason !== undefined) return reason;
    }
  }
  if (answers !== undefined) {
    if (answers.length !== seen.answers.length) return `${seen.answers.length} answers`;
    for (const [index, expected] of answers.entries()) {
      const answer = seen.answers[index];
      const reason = answer === undefined ? 'no answer' : mismatchOfAnswer(expected, answer);
      if (reason !== undefined) return reason;
    }
  }
  if (informational !== undefined && informational.join() !== seen.informational.join()) {
    return `informational: ${seen.informational.join() || 'none'}`;
  }
  if (closes !== undefined && closes !== hasClosed(seen)) return closes ? 'stays open' : 'closes';
  if (isAnswerCut !== undefined && isAnswerCut !== (seen.hasPartialAnswer && seen.isClosed))
    return 'cut answer';
  if (tunnelUp !== undefined && tunnelUp !== seen.tunnelUp)
    return `to the upstream ${JSON.stringify(seen.tunnelUp)}`;
  if (tunnelDown !== undefined && tunnelDown !== seen.tunnelDown) {
    return `to the client ${JSON.stringify(seen.tunnelDown)}`;
  }
  return undefined;
}

/** `connection: close` is a promise; who gave it may leave the client a moment to close first. */
export function hasClosed({ isClosed, answers }: Observation): boolean {
  const last = answers.at(-1);
  return isClosed || (last !== undefined && /\bclose\b/i.test(valueOf(last.fields, 'connection') ?? ''));
}

function mismatchOfRequest(expected: ExpectedRequest, seen: Observation, index: number): string | undefined {
  const request = seen.requests[index];
  if (request === undefined) return 'no request';
  const [method = '', target = ''] = request.startLine.split(' ');
  if (expected.method !== undefined && expected.method !== method) return `method ${method}`;
  if (expected.target !== undefined && ![expected.target].flat().includes(target)) return `target ${target}`;
  if (expected.body !== undefined && expected.body !== request.body)
    return `body ${JSON.stringify(request.body)}`;
  if (expected.isOnNewConnection === true) {
    const earlier = seen.requests.slice(0, index);
    if (earlier.some(({ connection }) => connection === request.connection)) return 'connection used again';
  }
  return mismatchOfFields(expected, request);
}

function mismatchOfAnswer(expected: ExpectedAnswer, answer: SeenMessage): string | undefined {
  const status = statusOf(answer);
  if (![expected.status].flat().includes(status)) return `status ${status}`;
  if (expected.body !== undefined && expected.body !== answer.body)
    return `body ${JSON.stringify(answer.body)}`;
  return mismatchOfFields(expected, answer);
}

function mismatchOfFields(expected: ExpectedFields, message: SeenMessage): string | undefined {
  const { has = {}, lacks = [], present = [], lacksTrailers = [] } = expected;
  for (const [name, allowed] of Object.entries(has)) {
    const value = valueOf(message.fields, name);
    if (value === undefined) return `no ${name}`;
    if (![allowed].flat().map(plain).includes(plain(value))) return `${name}: ${value}`;
  }
  for (const name of lacks) {
    if (valueOf([...message.fields, ...message.trailers], name) !== undefined) return `${name} is there`;
  }
  for (const name of present) if (valueOf(message.fields, name) === undefined) return `no ${name}`;
  for (const name of lacksTrailers)
    if (valueOf(message.trailers, name) !== undefined) return `trailer ${name}`;
  return undefined;
}

/** Whether lines of one name are joined, and how much white space stands somewhere, means nothing. */
function plain(value: string): string {
  return value.replaceAll(/\s*,\s*/g, ', ').replaceAll(/[ \t]+/g, ' ');
}
