import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  createCertificate,
  createRevocationList,
  type CertificateOptions,
  type TestCertificate,
} from '@heddle/shared/testing/certificates';
import { readRevocationList } from '@heddle/shared/tls/revocation-list';
import { hasPath, type PathRules } from './certificate-path.ts';

const dayMs = 86_400_000;
const authorityOf = (commonName: string, issuer?: TestCertificate, fields: CertificateOptions = {}) =>
  createCertificate({
    commonName,
    isAuthority: true,
    ...(issuer === undefined ? {} : { issuer }),
    ...fields,
  });
const root = authorityOf('root');
const otherRoot = authorityOf('other root');
const upper = authorityOf('upper', root);
const lower = authorityOf('lower', upper);
const leafOf = (issuer: TestCertificate, fields: CertificateOptions = {}): TestCertificate =>
  createCertificate({ commonName: 'leaf', issuer, ...fields });

const parse = ({ pem }: TestCertificate): X509Certificate => new X509Certificate(pem);
const nowMs = parse(root).validFromDate.getTime() + dayMs;

interface Case extends Partial<Omit<PathRules, 'anchors' | 'revocationLists'>> {
  readonly leaf: TestCertificate;
  readonly sent?: readonly TestCertificate[];
  readonly anchors?: readonly TestCertificate[];
  /** PEM. */
  readonly lists?: readonly string[];
}

function isFound({ leaf, sent = [], anchors = [root], lists, ...rules }: Case): boolean {
  return hasPath(parse(leaf), sent.map(parse), {
    anchors: anchors.map(parse),
    isAnyAnchorAnEnd: true,
    purpose: 'server',
    nowMs,
    isOnlyLeafRevocable: false,
    areNamesConstrained: true,
    ...(lists === undefined ? {} : { revocationLists: lists.map((pem) => readRevocationList(pem)!) }),
    ...rules,
  });
}

test('a path leads through what the peer sent, in any order, to an anchor', () => {
  assert.equal(isFound({ leaf: leafOf(root) }), true);
  assert.equal(isFound({ leaf: leafOf(otherRoot) }), false);
  assert.equal(isFound({ leaf: leafOf(lower), sent: [lower, upper] }), true);
  assert.equal(isFound({ leaf: leafOf(lower), sent: [otherRoot, upper, lower] }), true);
  assert.equal(isFound({ leaf: leafOf(lower), sent: [lower] }), false);
  // Who has the name of the issuer, and not its key.
  assert.equal(isFound({ leaf: leafOf(authorityOf('root')) }), false);
  // What is trusted itself needs nobody.
  const own = createCertificate({ commonName: 'own' });
  assert.equal(isFound({ leaf: own, anchors: [own] }), true);
  // A peer cannot bring its own authority.
  assert.equal(isFound({ leaf: leafOf(otherRoot), sent: [otherRoot] }), false);
});

test('an anchor between is an end, or not', () => {
  const leaf = leafOf(upper);
  assert.equal(isFound({ leaf, anchors: [upper] }), true);
  assert.equal(isFound({ leaf, anchors: [upper], isAnyAnchorAnEnd: false }), false);
  assert.equal(isFound({ leaf, anchors: [upper, root], isAnyAnchorAnEnd: false }), true);
});

test('who is no authority issues nothing; authorities are counted', () => {
  const leaf = leafOf(root);
  assert.equal(isFound({ leaf: leafOf(leaf), sent: [leaf] }), false);
  const mayNotSign = authorityOf('lists only', root, { keyUsage: 0x02 });
  assert.equal(isFound({ leaf: leafOf(mayNotSign), sent: [mayNotSign] }), false);
  const deep = { leaf: leafOf(lower), sent: [lower, upper] };
  assert.equal(isFound({ ...deep, maxAuthorityCount: 3 }), true);
  assert.equal(isFound({ ...deep, maxAuthorityCount: 2 }), false);
  assert.equal(isFound({ leaf, maxAuthorityCount: 0 }), false);
});

test('validity counts for every certificate, unless it is not looked at', () => {
  const past = { fromDays: -3, toDays: -2 };
  const expired = leafOf(root, past);
  const oldUpper = authorityOf('old upper', root, past);
  const behindOld = { leaf: leafOf(oldUpper), sent: [oldUpper] };
  const early = leafOf(root, { fromDays: 2, toDays: 3 });
  for (const one of [{ leaf: expired }, behindOld, { leaf: early }]) {
    assert.equal(isFound(one), false);
    const { nowMs: _, ...rules } = { nowMs, anchors: [parse(root)] };
    const isForgiven = hasPath(parse(one.leaf), ('sent' in one ? one.sent : []).map(parse), {
      ...rules,
      isAnyAnchorAnEnd: true,
      purpose: 'server',
      isOnlyLeafRevocable: false,
      areNamesConstrained: true,
    });
    assert.equal(isForgiven, true);
  }
});

test('a key must be for what it is used for', () => {
  const encipherment = leafOf(root, { keyUsage: 0x20 });
  assert.equal(isFound({ leaf: encipherment, purpose: 'server' }), true);
  assert.equal(isFound({ leaf: encipherment, purpose: 'client' }), false);
  assert.equal(isFound({ leaf: leafOf(root, { keyUsage: 0x80 }), purpose: 'client' }), true);
});

test('every issuer needs a list, of its own and of today, and the certificate must not be on it', () => {
  const leaf = leafOf(upper);
  const sent = [upper];
  const all = [createRevocationList(root, []), createRevocationList(upper, [])];
  assert.equal(isFound({ leaf, sent, lists: all }), true);
  assert.equal(isFound({ leaf, sent, lists: [all[1]!] }), false);
  assert.equal(isFound({ leaf, sent, lists: [all[1]!], isOnlyLeafRevocable: true }), true);
  assert.equal(isFound({ leaf, sent, lists: [all[0]!], isOnlyLeafRevocable: true }), false);
  assert.equal(isFound({ leaf, sent, lists: [all[0]!, createRevocationList(upper, [leaf])] }), false);
  assert.equal(isFound({ leaf, sent, lists: [createRevocationList(root, [upper]), all[1]!] }), false);
  assert.equal(isFound({ leaf, sent, lists: [createRevocationList(upper, [leafOf(upper)]), all[0]!] }), true);
  // Signed by somebody who only has the name.
  assert.equal(
    isFound({ leaf, sent, lists: [all[0]!, createRevocationList(authorityOf('upper'), [])] }),
    false,
  );
  // Lists go out of date before their issuers do.
  const lasting = authorityOf('lasting', undefined, { toDays: 9 });
  const of = { leaf: leafOf(lasting, { toDays: 9 }), anchors: [lasting] };
  const lists = [createRevocationList(lasting, [])];
  assert.equal(isFound({ ...of, lists }), true);
  assert.equal(isFound({ ...of, nowMs: nowMs + 2 * dayMs }), true);
  assert.equal(isFound({ ...of, lists, nowMs: nowMs + 2 * dayMs }), false);
});

test('a search ends, however many certificates of one name there are', () => {
  const twins = Array.from({ length: 100 }, () => authorityOf('upper', root));
  const begunMs = performance.now();
  assert.equal(isFound({ leaf: leafOf(upper), sent: [...twins, upper] }), false);
  assert.ok(performance.now() - begunMs < 5000);
  assert.equal(isFound({ leaf: leafOf(upper), sent: [...twins.slice(0, 20), upper] }), true);
  // Two that have issued each other lead nowhere.
  const knot = authorityOf('a', { ...authorityOf('b'), commonName: 'b' });
  const back = createCertificate({ commonName: 'b', isAuthority: true, issuer: knot });
  assert.equal(isFound({ leaf: leafOf(knot), sent: [knot, back] }), false);
});
