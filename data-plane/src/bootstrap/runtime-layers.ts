import type { LayeredRuntime } from '@heddle/shared/xds/api';
import type { JsonObject, JsonValue } from '@heddle/shared/xds/json-value';
import type { RuntimeConfig, RuntimeLayer, RuntimeValue } from '../config/model/bootstrap.ts';
import type { DecodeContext } from '../config/resources/decode-context.ts';
import { toPerMillion } from '../config/resources/scalars.ts';

/** `layered_runtime`; without it Envoy has an empty base and no admin layer. */
export function decodeRuntime(
  context: DecodeContext,
  message: LayeredRuntime | undefined,
  path: string,
): RuntimeConfig {
  const names = new Set<string>();
  let hasAdminLayer = false;
  const layers = (message?.layers ?? []).map((layer, i): RuntimeLayer => {
    const layerPath = `${path}.layers[${i}]`;
    if (names.has(layer.name))
      context.refuse(`${layerPath}.name`, `${JSON.stringify(layer.name)} occurs twice`);
    names.add(layer.name);
    if (layer.staticLayer === undefined) {
      if (layer.adminLayer !== undefined && hasAdminLayer) {
        context.refuse(`${layerPath}.admin_layer`, 'is a second admin layer: there can be only one');
      }
      hasAdminLayer = true;
      return { name: layer.name, kind: 'admin', values: {} };
    }
    const values: Record<string, RuntimeValue> = {};
    flatten(context, layer.staticLayer, '', `${layerPath}.static_layer`, values);
    return { name: layer.name, kind: 'static', values };
  });
  return { layers };
}

/** `{a: {b: 1}}` and `{"a.b": 1}` are the same. An object with a numerator is a fraction. */
function flatten(
  context: DecodeContext,
  object: JsonObject,
  prefix: string,
  path: string,
  values: Record<string, RuntimeValue>,
): void {
  for (const [key, value] of Object.entries(object)) {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const valuePath = `${path}[${JSON.stringify(key)}]`;
    if (isObject(value)) {
      const fraction = toFraction(value);
      if (fraction === undefined) flatten(context, value, name, valuePath, values);
      else values[name] = fraction;
    } else if (value === null || typeof value === 'object') {
      context.refuse(valuePath, 'must be a number, a text, a boolean or a fraction');
    } else {
      values[name] = value;
    }
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toFraction(value: JsonObject): RuntimeValue | undefined {
  const { numerator, denominator = 'HUNDRED' } = value;
  if (typeof numerator !== 'number') return undefined;
  if (denominator !== 'HUNDRED' && denominator !== 'TEN_THOUSAND' && denominator !== 'MILLION')
    return undefined;
  return { perMillion: toPerMillion({ numerator, denominator }) };
}
