import type { MeshObject } from '@heddle/shared/model/mesh-object';
import type { Change } from './generate-changes.ts';
import { toDocuments, toRequest } from './step-request.ts';

/** A run as commands of a POSIX shell, to be made by hand against the control plane at `$HEDDLE_SERVER`. */
export function toCommands(initial: readonly MeshObject[], changes: readonly Change[]): string {
  const lines = ['# the mesh at the start', `printf %s ${quoted(toDocuments(initial))} | heddle apply -f -`];
  for (const { index, kind, summary, steps } of changes) {
    lines.push(`# ${index} ${kind}: ${summary}`);
    for (const step of steps) {
      const { method, path, contentType, body } = toRequest(step);
      const content = body === undefined ? '' : ` -H 'content-type: ${contentType}' -d ${quoted(body)}`;
      lines.push(`curl -sS --fail-with-body -X ${method} "$HEDDLE_SERVER${path}"${content}`);
    }
  }
  return lines.join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
