import { InvalidInputError } from '@heddle/shared/errors/problem';
import { messageOf } from '@heddle/shared/errors/heddle-error';
import { clientStatusPath } from '@heddle/shared/xds/client-status-service';
import { fromProtoJson, toProtoJson } from '@heddle/shared/xds/proto-json';
import type { XdsApi } from '@heddle/shared/xds/xds-api';
import { jsonAnswer, textAnswer, type AdminEndpoint } from './admin-server.ts';
import { describeOwnStatus, type ClientStatusView } from './client-status.ts';

/** CSDS in proto3 JSON, at the path that the proto file gives it. */
export function createClientStatusEndpoint(api: XdsApi, view: ClientStatusView): AdminEndpoint {
  return {
    path: clientStatusPath,
    help: 'print what was asked of control planes and what became of it (CSDS; a request in JSON may be posted)',
    isMutating: false,
    readsBody: true,
    handle(query, body = '') {
      try {
        const json: unknown = body.trim() === '' ? {} : JSON.parse(body);
        const request = fromProtoJson(api, 'envoy.service.status.v3.ClientStatusRequest', json);
        const excludeResourceContents =
          request.excludeResourceContents || query.has('exclude_resource_contents');
        const status = describeOwnStatus(api, view, { ...request, excludeResourceContents });
        const response = api.create('envoy.service.status.v3.ClientStatusResponse', status);
        return jsonAnswer(
          toProtoJson(api, 'envoy.service.status.v3.ClientStatusResponse', response, { spelling: 'proto' }),
        );
      } catch (thrown) {
        if (thrown instanceof InvalidInputError || thrown instanceof SyntaxError)
          return textAnswer(`${messageOf(thrown)}\n`, 400);
        throw thrown;
      }
    },
  };
}
