/** SHOULDs that Heddle does not keep, on purpose: id of the rule → why. There is no such list for a MUST. */
export const knownDeviations: Readonly<Record<string, string>> = {
  'method-unknown': 'as Envoy: methods that it does not know are 400; `allow_custom_methods` forwards them',
  'method-long': 'as Envoy: methods that it does not know are 400',
  'version-1-2': 'as Envoy: 426 for every version below 2.0 but 1.1',
};
