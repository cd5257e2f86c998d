/** Envoy's `HeaderValueOption`. `value` is a format string of access-log operators. `name` is lower-case. */
export interface HeaderAddition {
  readonly name: string;
  readonly value: string;
  readonly action: 'append' | 'add-if-absent' | 'overwrite-or-add' | 'overwrite-if-exists';
  readonly keepEmptyValue: boolean;
}

/** One level (route, virtual host, …) of header changes; removals come first. */
export interface HeaderMutation {
  readonly requestAdd: readonly HeaderAddition[];
  readonly requestRemove: readonly string[];
  readonly responseAdd: readonly HeaderAddition[];
  readonly responseRemove: readonly string[];
}
