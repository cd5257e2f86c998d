/** Types of the messages of the Envoy API. `npm run gen` writes them from proto/api; nothing remains at run time. */
export type * from '../../../proto/generated/envoy-api.ts';
