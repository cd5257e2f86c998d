import { connect } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { instance } from '../../harness/objects.ts';
import { createCertificate, type TestCertificate } from '@heddle/shared/testing/certificates';
import type { MatrixClient } from './matrix-client.ts';
import { answeredBy, type MatrixRun } from './matrix-run.ts';
import { RejectedCounts } from './rejected-counts.ts';
import { grpcService } from './traffic-steps.ts';

/** The service beside a client. */
export const serviceOf = ({ node }: Pick<MatrixClient, 'node'>): string => `edge-${node}`;

/** Mutual TLS of every client with itself: out through its cluster, in through its listener. */
export class SecretSteps {
  readonly #run: MatrixRun;
  readonly #authority = createCertificate({ commonName: 'matrix root', isAuthority: true });
  readonly #own: TestCertificate;
  readonly #services: readonly string[];

  constructor(run: MatrixRun) {
    this.#run = run;
    this.#services = run.clients.filter(({ kind }) => kind !== 'grpc').map(serviceOf);
    this.#own = createCertificate({ issuer: this.#authority, commonName: 'observer' });
  }

  /** In the clear at first. */
  async before(appPort: number): Promise<void> {
    const { rest } = this.#run.controlPlane;
    for (const client of this.#run.clients) {
      if (client.kind === 'grpc') continue;
      const service = serviceOf(client);
      const port = client.inboundPort ?? appPort;
      await rest.apply(grpcService(service), instance(service, client.node, port));
    }
  }

  async add(): Promise<void> {
    const { rest } = this.#run.controlPlane;
    const certificate = this.#leaf('first');
    await rest.apply(
      { kind: 'Secret', metadata: { name: 'root' }, spec: { trustBundle: this.#authority.pem } },
      this.#secretOf(certificate),
    );
    const tls = { certificate: 'edge', trustBundle: 'root' };
    await rest.apply(...this.#services.map((service) => grpcService(service, { tls })));
    await this.#expect('add', certificate);
  }

  async update(): Promise<void> {
    const certificate = this.#leaf('second');
    await this.#run.controlPlane.rest.apply(this.#secretOf(certificate));
    await this.#expect('update', certificate);
  }

  /** A key that is too short for anybody; what was there before serves, and what takes its place is taken. */
  async refuse(): Promise<void> {
    const { rest } = this.#run.controlPlane;
    const good = this.#leaf('third');
    await rest.apply(this.#secretOf(good));
    await this.#expect('NACK', good);
    const weak = createCertificate({
      issuer: this.#authority,
      commonName: 'weak',
      keyType: 'rsa',
      keyBits: 1024,
      dnsNames: this.#services,
    });
    const rejected = await RejectedCounts.of(this.#run);
    await rest.apply(this.#secretOf(weak, 'spoiled\n'));
    await this.#observe('NACK', (client) => async () => {
      if (client.variant === 'REST polling') {
        if (!(await rejected.hasGrown(client, 'SDS'))) return 'it has refused no secret';
      } else {
        const { status, refusal = '' } = await this.#run.stateOf(client, 'SDS', '');
        if (status !== 'ERROR' || refusal === '')
          return `the certificate is ${status ?? 'unknown'}: ${refusal}`;
      }
      return this.#serves(client, good);
    });
    const next = this.#leaf('fourth');
    await rest.apply(this.#secretOf(next));
    await this.#expect('NACK', next);
  }

  /** After the control plane has come back. */
  async afterReconnect(): Promise<void> {
    const certificate = this.#leaf('fifth');
    await this.#run.controlPlane.rest.apply(this.#secretOf(certificate));
    await this.#expect('reconnect', certificate);
  }

  async remove(): Promise<void> {
    const { rest } = this.#run.controlPlane;
    await rest.apply(...this.#services.map((service) => grpcService(service)));
    await this.#observe('remove', (client) => async () => {
      const { status } = await this.#run.stateOf(client, 'SDS', '');
      if (status !== undefined) return `the certificate is still ${status}`;
      return answeredBy(client, serviceOf(client), ['one']);
    });
    for (const name of ['edge', 'root']) await rest.delete(`/v1/secrets/${name}`);
  }

  async #expect(event: 'add' | 'update' | 'NACK' | 'reconnect', certificate: TestCertificate): Promise<void> {
    await this.#observe(
      event,
      (client) => async () =>
        (await this.#serves(client, certificate)) ?? this.#run.unsynced(client, ['SDS'], ''),
    );
  }

  #observe(
    event: 'add' | 'update' | 'remove' | 'NACK' | 'reconnect',
    lookOf: (client: MatrixClient) => () => Promise<string | undefined>,
  ): Promise<void> {
    return this.#run.observe(['SDS'], event, (client) =>
      client.kind === 'grpc' ? undefined : lookOf(client),
    );
  }

  /** Calls pass, both ends with the certificate. */
  async #serves(client: MatrixClient, certificate: TestCertificate): Promise<string | undefined> {
    const { inboundPort } = client;
    if (inboundPort === undefined) return undefined;
    const shown = await certificateAt(inboundPort, this.#own, this.#authority);
    const expected = new X509Certificate(certificate.pem).serialNumber;
    if (shown !== expected) return `port ${inboundPort} shows ${shown}, not ${expected}`;
    return answeredBy(client, serviceOf(client), ['one']);
  }

  #leaf(commonName: string): TestCertificate {
    return createCertificate({ issuer: this.#authority, commonName, dnsNames: this.#services });
  }

  #secretOf({ pem, privateKeyPem }: TestCertificate, remark = ''): object {
    const certificate = { chain: `${remark}${pem}`, privateKey: privateKeyPem };
    return { kind: 'Secret', metadata: { name: 'edge' }, spec: { certificate } };
  }
}

/** The serial number of the certificate that a port shows to a client that has one too; else why there is none. */
function certificateAt(port: number, own: TestCertificate, authority: TestCertificate): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({
      ...{ host: '127.0.0.1', port, ca: authority.pem, cert: own.pem, key: own.privateKeyPem },
      checkServerIdentity: () => undefined,
    });
    const end = (result: string): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('secureConnect', () => end(socket.getPeerX509Certificate()?.serialNumber ?? 'none'));
    socket.once('error', (error: Error) => end(error.message));
  });
}
