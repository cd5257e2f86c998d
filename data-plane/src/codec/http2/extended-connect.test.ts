import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestEncoder } from '../codec.ts';
import { HeaderMap } from '../header-map.ts';
import { RecordedResponse } from '../testing/recording-client.ts';
import { frameHeaders, frameSettings, settingEnableConnectProtocol } from './protocol.ts';
import { ScriptedClient, ScriptedServer, setting, type Fields } from './testing/scripted-peer.ts';

const webSocket: Fields = [
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'http'],
  [':path', '/chat'],
  [':authority', 'a.test'],
];
const upgrade = {
  ':method': 'GET',
  ':path': '/chat',
  ':authority': 'a.test',
  ':scheme': 'http',
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

test('a server shows an extended CONNECT as an upgrade, and its 101 as 200', () => {
  const client = new ScriptedClient({ allowsConnect: true });
  client.feed(client.headers(1, webSocket, false));
  const [request] = client.requests;
  assert.equal(request?.headers.get(':method'), 'GET');
  assert.equal(request.headers.get('upgrade'), 'websocket');
  assert.equal(request.headers.has(':protocol'), false);
  assert.equal(Buffer.from(request.headers.get('sec-websocket-key') ?? '', 'base64').length, 16);
  const answer = HeaderMap.of({ ':status': '101', upgrade: 'websocket', 'sec-websocket-accept': 'x' });
  request.encoder.encodeHeaders(answer, false);
  const [head] = client.take();
  assert.ok(head !== undefined);
  assert.deepEqual(client.fieldsOf(head), { ':status': '200' });
  // Each direction ends by itself.
  request.encoder.encodeData(Buffer.from('bye'), true);
  assert.deepEqual(client.takeErrors(), []);
  client.frame(0, 1, 1, 'bye too');
  assert.equal(request.body, 'bye too');
  assert.deepEqual([client.ends, client.errors], [[false], []]);
});

function askUpgrade(
  server: ScriptedServer,
  protocol = 'websocket',
): { response: RecordedResponse; encoder: RequestEncoder } {
  const response = new RecordedResponse();
  const encoder = server.codec.newStream(response);
  encoder.setCallbacks(response);
  encoder.encodeHeaders(HeaderMap.of({ ...upgrade, upgrade: protocol }), false);
  encoder.encodeData(Buffer.from('hello'), false);
  return { response, encoder };
}

test('a client writes an upgrade as an extended CONNECT, and shows 200 as 101 with what its client waits for', () => {
  const server = new ScriptedServer({}, setting(settingEnableConnectProtocol, 1).toString('latin1'));
  const { response, encoder } = askUpgrade(server);
  const [head, data] = server.take();
  assert.ok(head !== undefined);
  const fields = server.fieldsOf(head);
  assert.deepEqual(
    [fields[':method'], fields[':protocol'], fields['upgrade']],
    ['CONNECT', 'websocket', undefined],
  );
  assert.equal(data?.payload.toString(), 'hello');
  server.feed(server.headers(1, [[':status', '200']], false));
  assert.equal(response.status, '101');
  assert.equal(response.headers?.get('upgrade'), 'websocket');
  assert.equal(response.headers.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  server.frame(0, 1, 1, 'bye');
  assert.ok(response.isComplete);
  encoder.encodeData(Buffer.from('bye too'), true);
  assert.equal(server.take().at(-1)?.payload.toString(), 'bye too');
  assert.deepEqual(server.ends, [true]);
});

test('an upgrade waits for the SETTINGS, and is refused by a server that takes none', () => {
  for (const isSupported of [true, false]) {
    const server = new ScriptedServer();
    // The first SETTINGS said nothing of it.
    server.codec.connectSupport = 'unknown';
    const { response } = askUpgrade(server);
    assert.deepEqual(server.take(), []);
    server.frame(frameSettings, 0, 0, setting(settingEnableConnectProtocol, isSupported ? 1 : 0));
    const types = server.take().map(({ type }) => type);
    assert.deepEqual(types.slice(1), isSupported ? [frameHeaders, 0] : []);
    assert.equal(
      response.reset,
      isSupported ? undefined : 'local-reset: http2.extended_connect_not_supported',
    );
    assert.equal(server.codec.activeStreamCount, isSupported ? 1 : 0);
  }
});

test('a client writes no list of protocols: others would lose their connection by it', () => {
  const server = new ScriptedServer({}, setting(settingEnableConnectProtocol, 1).toString('latin1'));
  const { response } = askUpgrade(server, 'a, b');
  assert.equal(response.reset, 'local-reset: http2.unwritable_request_head');
  assert.deepEqual(server.take(), []);
});

test('a :protocol that would be no protocol, or several, in HTTP/1.1 is malformed', () => {
  for (const protocol of ['', 'web socket', 'h2c, websocket', '/', 'websocket/', 'a/b/c', '\xe9']) {
    const client = new ScriptedClient({ allowsConnect: true, isStreamErrorOnInvalidMessage: true });
    const fields = webSocket.map(([name, value]) => [name, name === ':protocol' ? protocol : value] as const);
    client.feed(client.headers(1, fields, false));
    assert.deepEqual([client.requests, client.takeErrors()], [[], ['reset 1 1']], protocol);
  }
});

test('the case of a protocol makes no difference: WebSocket gets a key too', () => {
  const client = new ScriptedClient({ allowsConnect: true });
  const fields = webSocket.map(
    ([name, value]) => [name, name === ':protocol' ? 'WebSocket' : value] as const,
  );
  client.feed(client.headers(1, fields, false));
  assert.equal(client.requests[0]?.headers.get('upgrade'), 'WebSocket');
  assert.equal(client.requests[0].headers.has('sec-websocket-key'), true);
});
