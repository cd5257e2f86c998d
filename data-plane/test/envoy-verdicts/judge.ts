import type { Verdicts } from './ask-verdicts.ts';
import type { BootstrapFile } from './bootstrap-file.ts';

/** What two verdicts on one file come to. */
export type Judgement =
  /** Both take it, or both refuse it. */
  | { readonly kind: 'agreed' }
  /** Both refuse it, Heddle only because it lacks a feature that the file uses: nothing was compared. */
  | { readonly kind: 'not compared' }
  | { readonly kind: 'stricter'; readonly reason: string; readonly field: string }
  /** Must not be. */
  | { readonly kind: 'laxer'; readonly theirs: string }
  /** Must not be either: Envoy takes it, and there is no reason in the table. */
  | { readonly kind: 'unexplained'; readonly ours: string };

/** Why Heddle refuses what Envoy takes, by what it says of it. */
export const reasons: readonly { readonly says: RegExp; readonly reason: string }[] = [
  { says: /not supported by Heddle|no policy that Heddle supports/, reason: 'Heddle lacks the feature' },
  {
    says: /listeners\[\d+\]\.name: .* is the name of .* already/,
    reason: 'of two listeners with one name Envoy serves one, and says nothing',
  },
  {
    says: /filters: must not be empty/,
    reason: 'a chain without filters closes every connection that it accepts',
  },
  {
    says: /endpoint\.address: is missing/,
    reason: 'an endpoint without an address: nothing can be sent to it',
  },
  {
    says: /ads_config\.grpc_services.* has no endpoints$|cds_config\.ads: needs dynamic_resources\.ads_config/,
    reason: 'a management server that cannot be reached: nothing would ever be configured',
  },
  {
    says: /is the same field/,
    reason: 'a field in both spellings: Envoy takes one of the two, and says nothing',
  },
];

export function judge({ ours, theirs }: Verdicts): Judgement {
  const lines = ours.split('\n');
  const whys = lines.map((line) => reasons.find(({ says }) => says.test(line)));
  if ((ours === '') === (theirs === '')) {
    const isLack = ours !== '' && whys.every((why) => why === reasons[0]);
    return { kind: isLack ? 'not compared' : 'agreed' };
  }
  if (ours === '') return { kind: 'laxer', theirs };
  const [why] = whys;
  const unexplained = lines.filter((_, i) => whys[i] === undefined);
  if (why === undefined || unexplained.length > 0)
    return { kind: 'unexplained', ours: unexplained.join('\n') };
  return { kind: 'stricter', reason: why.reason, field: fieldOf(lines[0] ?? '') };
}

/** Of `b.json:1:58: static_resources.clusters[0].lb_policy: text`. */
function fieldOf(line: string): string {
  return /^\S+:\d+:\d+: (\S+): /.exec(line)?.[1]?.replaceAll(/\[\d+\]/g, '') ?? '';
}

/** The files that CI asks about: all that were not broken, and a part of the others. */
export function sampleOf(files: readonly BootstrapFile[]): BootstrapFile[] {
  return files.filter(({ kind }, i) => kind === 'valid' || kind === 'text' || i % 4 === 0);
}
