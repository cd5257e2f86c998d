import { InvalidInputError, formatProblem } from '@heddle/shared/errors/problem';
import { parseConfigFile } from '@heddle/shared/xds/config-file';
import { yamlReader } from '@heddle/shared/xds/read-yaml';
import { fromProtoJson } from '@heddle/shared/xds/proto-json';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import { createValidator } from '@heddle/shared/xds/validate';
import { loadApi, type ApiTypeName } from '@heddle/shared/xds/xds-api';
import { healthCheckDecoder } from '../http-filters/health-check.ts';
import { createResourceTypes, httpFilterDecoders } from '../resource-types.ts';
import type { DecoderOptions } from '../decode-context.ts';
import { SharedTokenBuckets } from '../token-bucket.ts';
import type { ResourceType } from '../resource-type.ts';

const api = loadApi();

/** For tests: the real decoders; of format strings only a lone `%` is wrong. */
export const decoderOptions: DecoderOptions = {
  api,
  validator: createValidator(api.types),
  // A second row, so that there is an order to get wrong.
  httpFilters: [healthCheckDecoder, ...httpFilterDecoders],
  compileFormat(format) {
    if (format.split('%').length % 2 === 0) throw new InvalidInputError([{ path: '', message: 'a lone %' }]);
  },
  runtime: { 'route.fraction': { perMillion: 1234 }, 'route.percent': 7, 'route.text': 'x' },
  sharedBuckets: new SharedTokenBuckets(),
};

export const resourceTypes = createResourceTypes(decoderOptions);

/** Wire bytes of a resource that is written as YAML. */
export function encodeYaml(type: ResourceType<unknown>, yaml: string): Buffer {
  const typeName = toTypeName(type.typeUrl) as ApiTypeName;
  const { value } = parseConfigFile(Buffer.from(yaml), 'test.yaml', yamlReader);
  return api.encode(typeName, fromProtoJson(api, typeName, value));
}

/** The model. @throws Error if the resource is refused */
export function decodeYaml<T>(type: ResourceType<T>, yaml: string): T {
  const decoded = type.decode(encodeYaml(type, yaml));
  if (decoded.kind === 'refused') throw new Error(decoded.problems.map(formatProblem).join('\n'));
  return decoded.value;
}

/** `path: message` of everything that is wrong; empty if the resource is taken. */
export function problemsOfYaml(type: ResourceType<unknown>, yaml: string): string[] {
  const decoded = type.decode(encodeYaml(type, yaml));
  return decoded.kind === 'ok' ? [] : decoded.problems.map(formatProblem);
}

/** `path: message` of what is ignored. */
export function ignoredOfYaml(type: ResourceType<unknown>, yaml: string): string[] {
  const decoded = type.decode(encodeYaml(type, yaml));
  return decoded.kind === 'ok' ? decoded.ignored.map(formatProblem) : [];
}
