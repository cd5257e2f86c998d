import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePorts } from '@heddle/shared/testing/free-port';
import { waitForAnswer } from '../load/wait-for-answer.ts';
import { heddleCommand } from '../heddle-program.ts';
import type { BenchOptions } from '../scenario.ts';
import { sendWrite } from '../sidecars/http-write.ts';
import { subjectCore } from '../stage.ts';
import { instanceAddress, meshSize, serviceName, type ControlPlane } from './control-plane.ts';

const servicesPerApply = 50;
const settleMs = 2000;

/** Our control plane with its embedded registry, as it comes. */
export function createHeddleControlPlane(
  options: Pick<BenchOptions, 'isCompiled' | 'profileFolder'>,
): ControlPlane {
  const command = heddleCommand('control-plane', options);
  return {
    name: 'heddle',
    async start(stage, folder) {
      const [restPort = 0, xdsPort = 0] = await findFreePorts(2);
      const registry = path.join(mkdtempSync(path.join(folder, 'registry-')), 'registry.db');
      const child = stage.start('heddle', subjectCore, [
        ...command,
        ...['--rest-port', String(restPort), '--xds-port', String(xdsPort)],
        ...['--registry', registry, '--log-level', 'warn'],
      ]);
      await waitForAnswer(restPort, '127.0.0.1', 30_000, { path: '/readyz' });
      for (let first = 0; first < meshSize.services; first += servicesPerApply) {
        await sendWrite({
          port: restPort,
          method: 'POST',
          path: '/v1/apply',
          contentType: 'application/yaml',
          body: buildDocuments(first, Math.min(first + servicesPerApply, meshSize.services)),
        });
      }
      await delay(settleMs);
      return {
        name: 'heddle',
        pid: child.pid,
        xdsPort,
        writeWeight: (service, weight) => ({
          port: restPort,
          method: 'PUT',
          path: `/v1/services/${serviceName(service)}/instances/i-0`,
          body: JSON.stringify(buildInstance(service, 0, weight)),
        }),
        stop: () => stage.stop(child),
      };
    },
  };
}

function buildDocuments(first: number, end: number): string {
  const documents: unknown[] = [];
  for (let service = first; service < end; service++) {
    documents.push({ kind: 'Service', metadata: { name: serviceName(service) } });
    for (let instance = 0; instance < meshSize.instances; instance++) {
      documents.push(buildInstance(service, instance, 1));
    }
  }
  return documents.map((document) => JSON.stringify(document)).join('\n---\n');
}

function buildInstance(service: number, instance: number, weight: number): unknown {
  return {
    kind: 'Instance',
    metadata: { name: `i-${instance}`, service: serviceName(service) },
    spec: { address: instanceAddress(service, instance), port: 8080, weight },
  };
}
