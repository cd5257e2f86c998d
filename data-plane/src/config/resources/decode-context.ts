import { InvalidInputError, type Problem } from '@heddle/shared/errors/problem';
import type { Any, ApiMessages } from '@heddle/shared/xds/api';
import { toTypeName } from '@heddle/shared/xds/type-urls';
import type { Validator } from '@heddle/shared/xds/validate';
import type { ApiTypeName, XdsApi } from '@heddle/shared/xds/xds-api';
import type { RuntimeValues } from '../model/bootstrap.ts';
import type { Secret } from '../model/secret.ts';
import type { HttpFilterDecoder } from './http-filter-decoder.ts';
import { checkSupport } from './support/check-support.ts';
import type { SharedTokenBuckets } from './token-bucket.ts';
import { supportTable } from './support/support-table.ts';

/** What happens to fields that the API of this version lacks. */
export type UnknownFieldPolicy = 'ignore' | 'warn' | 'refuse';

/** What decoding needs from outside, once per process. */
export interface DecoderOptions {
  readonly api: XdsApi;
  readonly validator: Validator;
  /** Rows of the HTTP filter registry. */
  readonly httpFilters: readonly HttpFilterDecoder[];
  /** Compiles a format string of access-log operators. @throws InvalidInputError */
  readonly compileFormat: (format: string) => unknown;
  /** What the bootstrap's `layered_runtime` sets; it does not change while the process runs. */
  readonly runtime: RuntimeValues;
  readonly sharedBuckets: SharedTokenBuckets;
  /** `static_resources.secrets`, by name; absent: there are none. */
  readonly staticSecrets?: ReadonlyMap<string, Secret>;
  /** Static clusters that gRPC streams can go to; absent: that is looked into later. */
  readonly grpcClusters?: ReadonlySet<string>;
  /** `warn` unless given. */
  readonly unknownFields?: UnknownFieldPolicy;
  /** Whether deprecated fields are warned of; not unless given. */
  readonly hasDeprecationWarnings?: boolean;
  /** False: there is no management server, and nothing may come over ADS. */
  readonly hasAds?: boolean;
}

/**
 * One resource on its way from message to model. Decoders add what is wrong and go on, with any value in its place:
 * a resource with problems is dropped as a whole, and all of its problems are reported at once.
 */
export class DecodeContext {
  readonly options: DecoderOptions;
  readonly problems: Problem[] = [];
  /** What is accepted, and worth a warning: it is not used, or deprecated. */
  readonly ignored: Problem[] = [];

  constructor(options: DecoderOptions) {
    this.options = options;
  }

  refuse(path: string, message: string): void {
    this.problems.push({ path, message });
  }

  ignore(path: string, reason: string): void {
    this.ignored.push({ path, message: `is ignored: ${reason}` });
  }

  /** Runs what throws InvalidInputError; its problems become problems at `path`. */
  attempt<T>(path: string, action: () => T): T | undefined {
    try {
      return action();
    } catch (thrown) {
      if (!(thrown instanceof InvalidInputError)) throw thrown;
      for (const problem of thrown.problems) this.refuse(joinPath(path, problem.path), problem.message);
      return undefined;
    }
  }

  /** A whole resource: the API's own rules, which look into extensions too, then the support table. */
  check<N extends ApiTypeName>(typeName: N, message: ApiMessages[N]): void {
    const type = this.options.api.types.message(typeName);
    const deprecated = this.options.hasDeprecationWarnings === true ? this.ignored : undefined;
    this.problems.push(...this.options.validator.validate(type, message, deprecated));
    checkSupport(supportTable, type, message, '', this);
  }

  /** Decodes wire bytes; fields that the API lacks are ignored unless they are to be refused, as Envoy does. */
  read<N extends ApiTypeName>(typeName: N, bytes: Uint8Array, path: string): ApiMessages[N] | undefined {
    return this.attempt(path, () => {
      const unknownFields: string[] = [];
      const message = this.options.api.decode(typeName, bytes, unknownFields);
      for (const field of unknownFields) this.#meetUnknownField(joinPath(path, field));
      return message;
    });
  }

  #meetUnknownField(path: string): void {
    const { unknownFields = 'warn' } = this.options;
    if (unknownFields === 'refuse') this.refuse(path, 'the Envoy API of this version has no such field');
    if (unknownFields === 'warn') this.ignore(path, 'the Envoy API of this version has no such field');
  }

  /** Opens an extension's configuration that must be of one type; `check` has applied the API's rules to it. */
  unpack<N extends ApiTypeName>(typeName: N, any: Any, path: string): ApiMessages[N] | undefined {
    if (toTypeName(any.typeUrl) !== typeName) {
      this.refuse(path, `${describeType(any)} is not supported here (expected ${typeName})`);
      return undefined;
    }
    const message = this.read(typeName, any.value, path);
    if (message !== undefined) {
      checkSupport(supportTable, this.options.api.types.message(typeName), message, path, this);
    }
    return message;
  }

  /** Says what an extension is whose type nobody knows. */
  refuseType(any: Any | undefined, name: string, path: string, known: readonly string[]): void {
    const subject = any === undefined ? JSON.stringify(name) : describeType(any);
    this.refuse(path, `${subject} is not supported by Heddle yet (supported: ${known.join(', ')})`);
  }
}

export function joinPath(path: string, rest: string): string {
  if (path === '' || rest === '') return path + rest;
  return rest.startsWith('[') ? path + rest : `${path}.${rest}`;
}

function describeType(any: Any): string {
  return any.typeUrl === '' ? 'a configuration without a type' : toTypeName(any.typeUrl);
}
