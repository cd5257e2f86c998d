import type { X509Certificate } from 'node:crypto';
import { readSubjectAltNames } from '@heddle/shared/tls/subject-alt-names';
import type { RbacRule, RbacRules } from '../../config/model/rbac.ts';
import { isInRange } from '../../lang/cidr-range.ts';
import { toLatin1Text } from '../../lang/latin1.ts';
import { CompiledStringMatcher } from '../../lang/string-matcher.ts';
import type { SocketAddress } from '../../transport/connection.ts';
import type { TlsFacts } from '../../transport/tls-facts.ts';
import { toDistinguishedName } from '../http/access-log/certificate-text.ts';

/** Whom and what rules are asked about: a connection, or a request on it. */
export interface RbacSubject {
  readonly localAddress: SocketAddress;
  /** Of the socket. */
  readonly directRemoteAddress: SocketAddress;
  /** Whom it is forwarded for. */
  readonly remoteAddress: SocketAddress;
  /** SNI; empty for none. */
  readonly requestedServerName: string;
  /** Absent: no TLS. */
  readonly tls: TlsFacts | undefined;
}

export interface RbacDecision {
  readonly isAllowed: boolean;
  /** The first policy that matches. */
  readonly policyName: string | undefined;
}

type Test = (subject: RbacSubject) => boolean;

/** Rules, compiled. A `LOG` action denies nothing. */
export class RbacEngine {
  readonly #action: RbacRules['action'];
  readonly #policies: readonly { readonly name: string; readonly permits: Test; readonly identifies: Test }[];

  /** @throws InvalidInputError for a regex that RE2 refuses */
  constructor({ action, policies }: RbacRules) {
    this.#action = action;
    this.#policies = policies.map(({ name, permissions, principals }) => ({
      name,
      permits: compileRule({ kind: 'or', rules: permissions }),
      identifies: compileRule({ kind: 'or', rules: principals }),
    }));
  }

  decide(subject: RbacSubject): RbacDecision {
    const policy = this.#policies.find((row) => row.permits(subject) && row.identifies(subject));
    const isAllowed = this.#action === 'LOG' || (policy !== undefined) === (this.#action === 'ALLOW');
    return { isAllowed, policyName: policy?.name };
  }
}

/** `%CONNECTION_TERMINATION_DETAILS%` of who is denied; without white space, which separates the parts of logs. */
export function detailsOfDenial({ policyName = 'none' }: RbacDecision): string {
  return `rbac_access_denied_matched_policy[${policyName.replaceAll(/\s/g, '_')}]`;
}

function compileRule(rule: RbacRule): Test {
  switch (rule.kind) {
    case 'any':
      return () => true;
    case 'and': {
      const tests = rule.rules.map(compileRule);
      return (subject) => tests.every((test) => test(subject));
    }
    case 'or': {
      const tests = rule.rules.map(compileRule);
      return (subject) => tests.some((test) => test(subject));
    }
    case 'not': {
      const test = compileRule(rule.rule);
      return (subject) => !test(subject);
    }
    case 'address':
      return (subject) => isInRange(rule.range, addressOf(subject, rule.of).address);
    case 'destination-port':
      return ({ localAddress: { port } }) => rule.start <= port && port < rule.end;
    case 'requested-server-name': {
      const matcher = new CompiledStringMatcher(rule.matcher);
      return ({ requestedServerName }) => matcher.matches(requestedServerName);
    }
    case 'authenticated':
      return compileAuthenticated(
        rule.matcher === undefined ? undefined : new CompiledStringMatcher(rule.matcher),
      );
  }
}

function addressOf(subject: RbacSubject, of: 'local' | 'direct-remote' | 'remote'): SocketAddress {
  if (of === 'local') return subject.localAddress;
  return of === 'remote' ? subject.remoteAddress : subject.directRemoteAddress;
}

function compileAuthenticated(matcher: CompiledStringMatcher | undefined): Test {
  return ({ tls }) => {
    if (tls === undefined || matcher === undefined) return tls !== undefined;
    return namesOf(tls.peerCertificate).some((name) => matcher.matches(name));
  };
}

/** URIs, DNS names, and the subject last; without a certificate the subject is empty. */
function namesOf(certificate: X509Certificate | undefined): string[] {
  if (certificate === undefined) return [''];
  const names = readSubjectAltNames(certificate.raw);
  const valuesOf = (type: 'uri' | 'dns'): string[] =>
    names.filter((name) => name.type === type).map(({ value }) => toLatin1Text(value));
  return [...valuesOf('uri'), ...valuesOf('dns'), toDistinguishedName(certificate.subject)];
}
