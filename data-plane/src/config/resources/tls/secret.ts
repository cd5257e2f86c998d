import { dirname } from 'node:path';
import type {
  DataSource,
  Secret as SecretMessage,
  TlsSessionTicketKeys,
  WatchedDirectory,
} from '@heddle/shared/xds/api';
import type { Secret, SecretValue } from '../../model/secret.ts';
import { readDataSource } from '../data-source.ts';
import { joinPath, type DecodeContext } from '../decode-context.ts';
import { decodeTlsCertificate } from './tls-certificate.ts';
import { decodeTlsParameters } from './tls-parameters.ts';
import { decodeTlsValidation } from './tls-validation.ts';
import { tryOutTls } from './try-out-tls.ts';

const ticketKeyBytes = 80;

/** No message holds anything of what is secret. */
export function decodeSecret(
  context: DecodeContext,
  message: SecretMessage,
  path: string,
): Secret | undefined {
  const value = decodeValue(context, message, path);
  if (value === undefined) return undefined;
  return { name: message.name, value, watchedDirectories: directoriesOf(message) };
}

function decodeValue(context: DecodeContext, message: SecretMessage, path: string): SecretValue | undefined {
  const { tlsCertificate, validationContext, sessionTicketKeys, genericSecret } = message;
  if (tlsCertificate !== undefined) {
    const certificatePath = joinPath(path, 'tls_certificate');
    const problemCount = context.problems.length;
    const certificate = decodeTlsCertificate(context, tlsCertificate, certificatePath);
    if (certificate === undefined) return undefined;
    if (context.problems.length === problemCount) {
      const parameters = decodeTlsParameters(context, undefined, '', 'downstream');
      tryOutTls(context, { parameters, certificates: [certificate] }, certificatePath);
    }
    return { kind: 'tls-certificate', certificate };
  }
  if (validationContext !== undefined) {
    return decodeValidation(context, validationContext, joinPath(path, 'validation_context'));
  }
  if (sessionTicketKeys !== undefined) {
    const keysPath = joinPath(path, 'session_ticket_keys');
    return {
      kind: 'session-ticket-keys',
      keysBase64: decodeSessionTicketKeys(context, sessionTicketKeys, keysPath),
    };
  }
  if (genericSecret !== undefined) {
    const source = genericSecret.secret;
    const bytes =
      source === undefined
        ? Buffer.alloc(0)
        : readDataSource(context, source, joinPath(path, 'generic_secret.secret'));
    return { kind: 'generic-secret', secretBase64: bytes.toString('base64') };
  }
  context.refuse(path, 'holds no secret: set tls_certificate, validation_context, or another of its types');
  return undefined;
}

export function decodeSessionTicketKeys(
  context: DecodeContext,
  { keys }: TlsSessionTicketKeys,
  path: string,
): readonly string[] {
  return keys.map((source, i) => {
    const key = readDataSource(context, source, `${path}.keys[${i}]`);
    if (key.length !== ticketKeyBytes) {
      context.refuse(`${path}.keys[${i}]`, `has ${key.length} bytes, and must have 80`);
    }
    return key.toString('base64');
  });
}

function decodeValidation(
  context: DecodeContext,
  message: NonNullable<SecretMessage['validationContext']>,
  path: string,
): SecretValue {
  const problemCount = context.problems.length;
  const validation = decodeTlsValidation(context, message, path);
  if (context.problems.length === problemCount) {
    const parameters = decodeTlsParameters(context, undefined, '', 'downstream');
    tryOutTls(context, { parameters, certificates: [], validation }, path);
  }
  return { kind: 'validation-context', validation };
}

/** `watched_directory`, or else where the files are. */
function directoriesOf({ tlsCertificate, validationContext, sessionTicketKeys }: SecretMessage): string[] {
  return [
    ...watched(
      [tlsCertificate?.certificateChain, tlsCertificate?.privateKey, tlsCertificate?.password],
      tlsCertificate?.watchedDirectory,
    ),
    ...watched([validationContext?.trustedCa, validationContext?.crl], validationContext?.watchedDirectory),
    ...watched(sessionTicketKeys?.keys ?? [], undefined),
  ].filter((directory, i, all) => all.indexOf(directory) === i);
}

function watched(
  sources: readonly (DataSource | undefined)[],
  directory: WatchedDirectory | undefined,
): string[] {
  const files = sources.flatMap((source) => source?.filename ?? []);
  if (files.length === 0) return [];
  return directory === undefined ? files.map((file) => dirname(file)) : [directory.path];
}
