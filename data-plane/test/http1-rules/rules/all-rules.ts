import type { Rule } from '../rule.ts';
import { answerBodyRules } from './answer-body.ts';
import { answerHeadRules } from './answer-head.ts';
import { bodilessAnswerRules } from './bodiless-answers.ts';
import { chunkRules } from './chunks.ts';
import { contentLengthRules } from './content-length.ts';
import { expectRules } from './expect.ts';
import { fieldNameRules } from './field-names.ts';
import { fieldValueRules } from './field-values.ts';
import { hopByHopRules } from './hop-by-hop.ts';
import { hostRules } from './host.ts';
import { persistenceRules } from './persistence.ts';
import { requestLineRules } from './request-line.ts';
import { requestTargetRules } from './request-target.ts';
import { trailerRules } from './trailers.ts';
import { transferEncodingRules } from './transfer-encoding.ts';
import { upgradeRules } from './upgrade.ts';

/** A part of the table, in the order in which it is printed. */
export interface RuleTopic {
  readonly title: string;
  readonly rules: readonly Rule[];
}

export const topics: readonly RuleTopic[] = [
  { title: 'Request line', rules: requestLineRules },
  { title: 'Request target', rules: requestTargetRules },
  { title: 'Host', rules: hostRules },
  { title: 'Names of fields', rules: fieldNameRules },
  { title: 'Values and lines of fields', rules: fieldValueRules },
  { title: 'Fields of one hop', rules: hopByHopRules },
  { title: 'Content-Length', rules: contentLengthRules },
  { title: 'Transfer-Encoding', rules: transferEncodingRules },
  { title: 'Chunks', rules: chunkRules },
  { title: 'Trailers', rules: trailerRules },
  { title: 'Pipelining, closing, retries', rules: persistenceRules },
  { title: 'Expect and informational answers', rules: expectRules },
  { title: 'Heads of answers', rules: answerHeadRules },
  { title: 'Bodies of answers', rules: answerBodyRules },
  { title: 'Answers without a body, and too many answers', rules: bodilessAnswerRules },
  { title: 'Upgrade', rules: upgradeRules },
];

export const allRules: readonly Rule[] = topics.flatMap(({ rules }) => rules);
