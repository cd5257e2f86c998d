import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromProtoJson, toProtoJson } from './proto-json.ts';
import { loadApi, type ApiTypeName } from './xds-api.ts';

interface GoEncoding {
  /** Not all have a TypeScript type; at run time every type of the table will do. */
  readonly type: ApiTypeName;
  readonly bytes: string;
  readonly json: unknown;
}

const api = loadApi();
const goEncodings = JSON.parse(
  readFileSync(new URL('golden/go-encodings.json', import.meta.url), 'utf8'),
) as readonly GoEncoding[];

for (const { type: typeName, bytes, json } of goEncodings) {
  const type = api.types.message(typeName);

  test(`${typeName} as Go encodes it is decoded, printed, read and encoded as Go does`, () => {
    const unknownFields: string[] = [];
    const decoded = api.decodeType(type, Buffer.from(bytes, 'base64'), unknownFields);
    assert.deepEqual(unknownFields, []);
    assert.deepEqual(toProtoJson(api, typeName, decoded as never), json);

    const encoded = api.encodeType(type, decoded);
    // Go writes members of oneofs last, so the bytes may differ in order, but not in number.
    assert.equal(encoded.length, Buffer.from(bytes, 'base64').length);
    assert.deepEqual(api.decodeType(type, encoded), decoded);

    const read = fromProtoJson(api, typeName, json);
    assert.deepEqual(toProtoJson(api, typeName, read), json);
    assert.deepEqual(api.encodeType(type, read), api.encodeType(type, fromProtoJson(api, typeName, json)));
  });

  test(`${typeName} is printed in the spelling of the proto files, and read back`, () => {
    const decoded = api.decodeType(type, Buffer.from(bytes, 'base64'));
    const printed = toProtoJson(api, typeName, decoded as never, { spelling: 'proto' });
    assert.deepEqual(toProtoJson(api, typeName, fromProtoJson(api, typeName, printed)), json);
  });
}
