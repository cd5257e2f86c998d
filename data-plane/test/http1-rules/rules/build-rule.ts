import type { ExpectedFields, ExpectedRequest, Level, Outcome, Rule, UpstreamAnswer } from '../rule.ts';

export type RuleFields = Omit<Rule, 'id' | 'section' | 'level' | 'demand' | 'request' | 'outcomes'>;

/** One rule: `id` and `demand` are for people, the others for the proxies. */
export function rule(
  level: Level,
  section: string,
  id: string,
  demand: string,
  request: string,
  outcomes: Outcome | readonly Outcome[],
  fields: RuleFields = {},
): Rule {
  return { id, section, level, demand, request, outcomes: [outcomes].flat(), ...fields };
}

/** A request without a body. `fields` end with CRLF each. */
export function get(fields = '', target = '/x'): string {
  return `GET ${target} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`;
}

/** A request whose body is what stands behind the head. */
export function post(fields: string, body: string): string {
  return `POST /x HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n${body}`;
}

export function chunked(body: string, fields = ''): string {
  return post(`Transfer-Encoding: chunked\r\n${fields}`, body);
}

/** What must never be understood out of the bytes of another message. */
export const hidden = 'GET /hidden HTTP/1.1\r\nHost: a.test\r\n\r\n';

/** Nothing is forwarded, and the client is told so. */
export function refused(...statuses: readonly number[]): Outcome {
  return { requests: [], answers: [{ status: statuses.length === 0 ? anyRefusal : statuses }] };
}

/** The same, and nothing further is read from the connection. */
export function refusedAndClosed(...statuses: readonly number[]): Outcome {
  return { ...refused(...statuses), closes: true };
}

/** Refused in the middle of a body: the answer may be to the upstream's beginning already. */
export const notForwardedWhole: readonly Outcome[] = [{ requests: [], closes: true }];

const anyRefusal = [400, 403, 404, 405, 411, 413, 414, 417, 421, 426, 431, 501, 502, 503, 505];
export const clientErrors = [400, 413, 414, 431];

export const dropped: Outcome = { requests: [], answers: [], closes: true };

/** Exactly one request is forwarded, and answered with what the upstream said. */
export function forwarded(expected: ExpectedRequest = {}): Outcome {
  return { requests: [{ target: '/x', ...expected }], answers: [{ status: 200 }] };
}

/** The second request comes out as a second one, whatever the first does to it. */
export function forwardedBoth(first: ExpectedRequest, second: ExpectedRequest): Outcome {
  return { requests: [first, second], answers: [{ status: 200 }, { status: 200 }] };
}

/** A rule about an answer: the request is a plain GET, and the answer is what is cut. */
export function answerRule(
  level: Level,
  section: string,
  id: string,
  demand: string,
  answer: string | UpstreamAnswer,
  outcomes: Outcome | readonly Outcome[],
  fields: RuleFields & { readonly request?: string } = {},
): Rule {
  const { request = get(), ...rest } = fields;
  const first = typeof answer === 'string' ? { bytes: answer } : answer;
  return rule(level, section, id, demand, request, outcomes, { answers: [first], ...rest });
}

/** The client gets the answer, with these fields and this body. */
export function delivered(status = 200, body?: string, fields: ExpectedFields = {}): Outcome {
  return { answers: [{ status, ...(body === undefined ? {} : { body }), ...fields }] };
}

export const badGateway: Outcome = { answers: [{ status: [500, 502, 503, 504] }] };
/** The client can tell that there was no whole answer. */
export const badGatewayOrCut: readonly Outcome[] = [badGateway, { answers: [], closes: true }];
