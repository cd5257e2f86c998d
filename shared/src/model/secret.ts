import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Type, type Static } from '@sinclair/typebox';
import { nameSchema } from './field-formats.ts';
import { closedObject, withCheck } from './schema.ts';

const pem = (description: string) => Type.String({ description, minLength: 1, maxLength: 1_048_576 });

export const CertificateSchema = withCheck(
  closedObject(
    {
      chain: pem('Certificates in PEM, that of the service first.'),
      privateKey: pem('Its key in PEM. Never shown again.'),
    },
    { description: 'Who a service is: a certificate with its key.' },
  ),
  // No message holds anything of the key.
  ({ chain, privateKey }) => {
    const [leaf, ...rest] = readCertificates(chain);
    if (leaf === undefined || rest.includes(undefined)) {
      return [{ path: '/chain', message: 'must be certificates in PEM, and all of them readable' }];
    }
    try {
      if (leaf.checkPrivateKey(createPrivateKey(privateKey))) return undefined;
      return [{ path: '/privateKey', message: 'is not the key of the first certificate' }];
    } catch {
      return [{ path: '/privateKey', message: 'must be a private key in PEM, without a password' }];
    }
  },
);

export const SecretSpecSchema = withCheck(
  closedObject({
    certificate: Type.Optional(CertificateSchema),
    trustBundle: Type.Optional(
      withCheck(pem('Certificates in PEM of the authorities that are trusted.'), (text) => {
        const authorities = readCertificates(text);
        return authorities.length > 0 && !authorities.includes(undefined)
          ? undefined
          : 'must be certificates in PEM, and all of them readable';
      }),
    ),
  }),
  ({ certificate, trustBundle }) =>
    (certificate === undefined) === (trustBundle === undefined)
      ? 'one of certificate and trustBundle is required'
      : undefined,
);

export const SecretSchema = closedObject(
  {
    kind: Type.Literal('Secret'),
    metadata: closedObject({ name: nameSchema('Name of the secret.') }),
    spec: SecretSpecSchema,
  },
  {
    title: 'Secret',
    description: 'A certificate, or the authorities that are trusted; the TLS of services names it.',
  },
);

export type Secret = Static<typeof SecretSchema>;

export const redacted = '[redacted]';

/** As it is shown: without its key. */
export function withoutPrivateKey(secret: Secret): Secret {
  const { certificate } = secret.spec;
  if (certificate === undefined) return secret;
  return { ...secret, spec: { certificate: { ...certificate, privateKey: redacted } } };
}

function readCertificates(text: string): (X509Certificate | undefined)[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch {
      return undefined;
    }
  });
}
