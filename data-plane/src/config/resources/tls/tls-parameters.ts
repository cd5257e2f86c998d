import { createSecureContext, getCiphers } from 'node:tls';
import type { TlsParameters as TlsParametersMessage } from '@heddle/shared/xds/api';
import type { TlsParameters, TlsVersion } from '../../model/tls.ts';
import type { DecodeContext } from '../decode-context.ts';

const versions: Readonly<Record<TlsParametersMessage['tlsMinimumProtocolVersion'], TlsVersion | undefined>> =
  {
    TLS_AUTO: undefined,
    TLSv1_0: 'TLSv1',
    TLSv1_1: 'TLSv1.1',
    TLSv1_2: 'TLSv1.2',
    TLSv1_3: 'TLSv1.3',
  };

/** Envoy's defaults. Clients of upstream servers stop at 1.2 unless told otherwise. */
const defaultMinVersion: TlsVersion = 'TLSv1.2';
const defaultMaxVersion = { downstream: 'TLSv1.3', upstream: 'TLSv1.2' } as const;
const defaultCipherSuites = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
];
const defaultCurves = ['X25519', 'P-256'];

export function decodeTlsParameters(
  context: DecodeContext,
  message: TlsParametersMessage | undefined,
  path: string,
  side: 'downstream' | 'upstream',
): TlsParameters {
  const { cipherSuites = [], ecdhCurves = [] } = message ?? {};
  for (const [i, curve] of ecdhCurves.entries()) {
    if (!isCurve(curve)) context.refuse(`${path}.ecdh_curves[${i}]`, `${JSON.stringify(curve)} is not known`);
  }
  const known = new Set(getCiphers().map((name) => name.toUpperCase()));
  const suites = cipherSuites.flatMap((entry, i) => {
    const names = namesOf(entry);
    const unknown = names.filter((name) => !known.has(name));
    if (unknown.length > 0) {
      context.refuse(`${path}.cipher_suites[${i}]`, `${unknown.join(', ')} is not known`);
    }
    return names;
  });
  return {
    minVersion: versionOf(message?.tlsMinimumProtocolVersion) ?? defaultMinVersion,
    maxVersion: versionOf(message?.tlsMaximumProtocolVersion) ?? defaultMaxVersion[side],
    cipherSuites: suites.length > 0 ? suites : defaultCipherSuites,
    ecdhCurves: ecdhCurves.length > 0 ? ecdhCurves : defaultCurves,
  };
}

function versionOf(version: TlsParametersMessage['tlsMinimumProtocolVersion'] | undefined) {
  return version === undefined ? undefined : versions[version];
}

/** `[A|B]` are suites of one rank, which OpenSSL does not have: their order decides. */
function namesOf(entry: string): string[] {
  return entry
    .replace(/^\[(.*)\]$/, '$1')
    .split(/[|:]/)
    .map((name) => name.toUpperCase());
}

function isCurve(name: string): boolean {
  if (!/^[\w-]+$/.test(name)) return false;
  try {
    createSecureContext({ ecdhCurve: name, ca: [] });
    return true;
  } catch {
    return false;
  }
}
