import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { WatchedDirectories } from '@heddle/shared/files/watched-directories';
import type { Logger } from '@heddle/shared/logging/logger';

/** Files in PEM. */
export interface XdsTlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  /** Clients must show a certificate that leads to one of these; absent: anybody may come. */
  readonly clientCaFile?: string;
}

interface Certificates {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | undefined;
}

/**
 * What the xDS port shows and asks for. Files that are renamed into place count for new connections, and close none; of
 * files that cannot be used, those before stay.
 *
 * @throws HeddleError `file-unusable`
 */
export class XdsCertificates {
  readonly credentials: ServerCredentials;
  readonly #settings: XdsTlsSettings;
  readonly #logger: Logger;
  readonly #watched: WatchedDirectories;
  readonly #identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  readonly #caListeners = new Set<experimental.CaCertificateUpdateListener>();
  #current: Certificates;

  constructor(settings: XdsTlsSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    this.#current = readCertificates(settings);
    const { certFile, keyFile, clientCaFile } = settings;
    const files = [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])];
    const directories = [...new Set(files.map((file) => dirname(file)))];
    this.#watched = new WatchedDirectories(directories, () => this.#readAgain(), logger);
    const provider: experimental.CertificateProvider = {
      addCaCertificateListener: (listener) => {
        this.#caListeners.add(listener);
        queueMicrotask(() => this.#tellCa(listener));
      },
      removeCaCertificateListener: (listener) => void this.#caListeners.delete(listener),
      addIdentityCertificateListener: (listener) => {
        this.#identityListeners.add(listener);
        // Within this call the server does not listen to its credentials yet.
        queueMicrotask(() => this.#tellIdentity(listener));
      },
      removeIdentityCertificateListener: (listener) => void this.#identityListeners.delete(listener),
    };
    const isAsking = clientCaFile !== undefined;
    // The library's types have the two providers the wrong way round: the second one is the authorities'.
    this.credentials = experimental.createCertificateProviderServerCredentials(
      provider,
      isAsking ? provider : null,
      isAsking,
    );
  }

  stop(): void {
    this.#watched.stop();
  }

  #readAgain(): void {
    let read: Certificates;
    try {
      read = readCertificates(this.#settings);
    } catch (thrown) {
      this.#logger.warn(
        { err: messageOf(thrown) },
        'certificates of the xDS port cannot be used: those before serve',
      );
      return;
    }
    this.#current = read;
    for (const listener of this.#caListeners) this.#tellCa(listener);
    for (const listener of this.#identityListeners) this.#tellIdentity(listener);
    this.#logger.info('certificates of the xDS port have been read again');
  }

  #tellIdentity(listener: experimental.IdentityCertificateUpdateListener): void {
    listener({ certificate: this.#current.cert, privateKey: this.#current.key });
  }

  #tellCa(listener: experimental.CaCertificateUpdateListener): void {
    const { clientCa } = this.#current;
    if (clientCa !== undefined) listener({ caCertificate: clientCa });
  }
}

function readCertificates({ certFile, keyFile, clientCaFile }: XdsTlsSettings): Certificates {
  const cert = read(certFile);
  const key = read(keyFile);
  const clientCa = clientCaFile === undefined ? undefined : read(clientCaFile);
  try {
    createSecureContext({ cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) });
  } catch (thrown) {
    const files = [certFile, keyFile, clientCaFile].filter((file) => file !== undefined).join(', ');
    throw new HeddleError('file-unusable', `${files}: ${messageOf(thrown)}`, { cause: thrown });
  }
  return { cert, key, clientCa };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (thrown) {
    throw new HeddleError('file-unusable', `${file}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
