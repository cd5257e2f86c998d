import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import { benchHost } from './proxy.ts';

/** Paths of PEM files; those of a key pair hold the certificate and then its key. */
export interface CertificateFiles {
  readonly authority: string;
  readonly server: string;
  readonly client: string;
}

/** Where they are, or would be. */
export function certificateFiles(folder: string): CertificateFiles {
  const file = (name: string): string => path.join(folder, `${name}.pem`);
  return { authority: file('authority'), server: file('server'), client: file('client') };
}

/** ECDSA P-256 throughout, of one authority; the same for every proxy of a run. */
export function writeCertificates(folder: string): void {
  const pair = ({ pem, privateKeyPem }: TestCertificate): string => pem + privateKeyPem;
  const authority = createCertificate({ commonName: 'bench authority', isAuthority: true });
  const server = createCertificate({ issuer: authority, commonName: benchHost, dnsNames: [benchHost] });
  const client = createCertificate({ issuer: authority, commonName: 'sidecar', dnsNames: ['sidecar.test'] });
  const files = certificateFiles(folder);
  writeFileSync(files.authority, authority.pem);
  writeFileSync(files.server, pair(server));
  writeFileSync(files.client, pair(client));
}
