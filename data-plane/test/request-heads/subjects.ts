import type { TestContext } from 'node:test';
import { settingEnableConnectProtocol } from '../../src/codec/http2/protocol.ts';
import { setting, type Fields } from '../../src/codec/http2/testing/scripted-peer.ts';
import { RawClient } from '../../src/router/testing/raw-client.ts';
import { startTcpServer, until } from '../../src/upstream/testing/upstream-server.ts';
import { startBoth } from '../beside-envoy.ts';
import { cluster, http2Options, listener, manager } from '../statistics/bootstrap-parts.ts';
import { FramePeer } from '../statistics/frame-peer.ts';
import { FrameRecorder } from './frame-recorder.ts';

/** Fields that say where a request goes and what it is; the others are each proxy's own affair. */
const compared = /^(:\w+|host|connection|upgrade): |HTTP\/1\.1$/;

/** Taken by the manager; lists are names as well as any. */
const upgradeTypes = ['websocket', 'CONNECT', 'a, b'];

const allowsConnect = { allow_connect: true };

/** Two proxies in front of the same servers. */
export interface Subjects {
  readonly ours: Subject;
  readonly theirs: Subject;
}

/** `/h1` goes to a server of HTTP/1.1, as CONNECT does, and `/h2` to one of HTTP/2. Both take every upgrade. */
export async function startSubjects(t: TestContext, envoyPath: string): Promise<Subjects> {
  const heard: Heard = { lines: [] };
  const http1 = await startTcpServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      heard.lines.push(...(text.split('\r\n\r\n')[0] ?? '').split('\r\n'));
      const asked = /\r\nupgrade: (.*)\r\n/i.exec(text)?.[1];
      const answer = text.startsWith('CONNECT') ? '200 OK' : '200 OK\r\ncontent-length: 0';
      const switching = `101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${asked}`;
      socket.write(`HTTP/1.1 ${asked === undefined ? answer : switching}\r\n\r\n`);
    });
  });
  t.after(() => http1.close());
  const http2 = await startTcpServer((socket) => {
    const peer = new FramePeer(socket, '', setting(settingEnableConnectProtocol, 1));
    const onHead = (streamId: number, fields: Fields): void => {
      // The order of pseudo-headers means nothing.
      heard.lines.push(...fields.map(([name, value]) => `${name}: ${value}`).sort());
      peer.headers(streamId, [[':status', '200']], !fields.some(([name]) => name === ':protocol'));
    };
    const recorder = new FrameRecorder(true, onHead, () => undefined);
    socket.on('data', (chunk: Buffer) => recorder.dispatch(chunk));
  });
  t.after(() => http2.close());
  const managerConfig = manager(
    'm',
    [
      { match: { connect_matcher: {} }, route: { cluster: 'h1' } },
      ...['h1', 'h2'].map((name) => ({ match: { prefix: `/${name}` }, route: { cluster: name } })),
    ],
    {
      http2_protocol_options: allowsConnect,
      upgrade_configs: upgradeTypes.map((type) => ({ upgrade_type: type })),
    },
  );
  const both = await startBoth(t, envoyPath, (fields) => ({
    listeners: [listener('l', managerConfig, fields)],
    clusters: [cluster('h1', [http1.port]), cluster('h2', [http2.port], http2Options(allowsConnect))],
  }));
  return { ours: new Subject(both.ours, heard), theirs: new Subject(both.theirs, heard) };
}

/** Of the request at hand. */
interface Heard {
  lines: string[];
}

export class Subject {
  readonly #port: number;
  readonly #heard: Heard;

  constructor(port: number, heard: Heard) {
    this.#port = port;
    this.#heard = heard;
  }

  /** One request, over HTTP/2 or as bytes of HTTP/1.1: its status or `refused`, and what its server heard. */
  send(request: Fields | string): Promise<string> {
    return typeof request === 'string' ? this.#sendText(request) : this.#sendFields(request);
  }

  async #sendFields(fields: Fields): Promise<string> {
    this.#heard.lines = [];
    const peer = await FramePeer.open(this.#port);
    let answer = '';
    const onHead = (_id: number, [status]: Fields): void => void (answer ||= status?.[1] ?? '');
    const recorder = new FrameRecorder(false, onHead, () => (answer ||= 'refused'));
    peer.socket.on('data', (chunk: Buffer) => recorder.dispatch(chunk));
    peer.socket.on('close', () => (answer ||= 'refused'));
    const isTunnel = fields.some(([, value]) => value === 'CONNECT');
    peer.headers(1, fields, !isTunnel);
    await until(() => answer !== '');
    peer.close();
    return this.#result(answer);
  }

  async #sendText(text: string): Promise<string> {
    this.#heard.lines = [];
    const client = await RawClient.open(this.#port);
    client.send(text);
    await until(() => client.received.includes('\r\n\r\n') || client.isClosed || client.hasEnded);
    const status = client.received.slice(9, 12);
    client.close();
    return this.#result(status === '' ? 'refused' : status);
  }

  #result(answer: string): string {
    const { lines } = this.#heard;
    return [answer, ...lines.filter((line) => compared.test(line)).sort()].join(' | ');
  }
}
