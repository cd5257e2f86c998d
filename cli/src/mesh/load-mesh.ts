import path from 'node:path';
import { HeddleError } from '@heddle/shared/errors/heddle-error';
import { InvalidInputError } from '@heddle/shared/errors/problem';
import {
  formatDocumentProblem,
  InvalidDocumentsError,
  parseDocuments,
} from '@heddle/shared/model/parse-documents';
import { findFreePorts, isFree } from '@heddle/shared/testing/free-port';
import { MeshFileSchema, type MeshFile } from './mesh-file-schema.ts';
import { checkMeshFile, planMesh, portsOf, type MeshPlan } from './mesh-plan.ts';
import { readDocumentFile, readTextFile } from './read-document-file.ts';

export interface LoadedMesh {
  /** Absolute. */
  readonly path: string;
  readonly file: MeshFile;
  readonly plan: MeshPlan;
  /** Texts of the object files; each was parsed and is valid. */
  readonly objectTexts: readonly string[];
}

/**
 * Reads a mesh file and the object files that it names. Throws InvalidInputError with the problems of all of them.
 * `isFreePorts`: ports that nobody uses, in place of the file's.
 */
export async function loadMesh(meshPath: string, isFreePorts: boolean): Promise<LoadedMesh> {
  const file = await readDocumentFile(meshPath, MeshFileSchema, checkMeshFile);
  const objectTexts: string[] = [];
  const problems = [];
  for (const name of file.objects ?? []) {
    const objectPath = path.resolve(path.dirname(meshPath), name);
    const text = await readTextFile(objectPath);
    objectTexts.push(text);
    try {
      parseDocuments(text);
    } catch (thrown) {
      if (!(thrown instanceof InvalidDocumentsError)) throw thrown;
      for (const problem of thrown.problems) {
        problems.push({ path: '', message: `${objectPath}:${formatDocumentProblem(problem)}` });
      }
    }
  }
  if (problems.length > 0) throw new InvalidInputError(problems);
  const portCount = portsOf(planMesh(file)).length;
  const plan = planMesh(file, isFreePorts ? await findFreePorts(portCount) : undefined);
  return { path: path.resolve(meshPath), file, plan, objectTexts };
}

/** Throws `port-in-use` with every port of the plan that somebody listens on. */
export async function requireFreePorts(plan: MeshPlan): Promise<void> {
  const ports = portsOf(plan);
  const free = await Promise.all(ports.map(({ port }) => isFree(port)));
  const taken = ports.filter((_, index) => free[index] === false);
  if (taken.length === 0) return;
  const list = taken.map(({ port, owner }) => `${port} (${owner})`).join(', ');
  throw new HeddleError(
    'port-in-use',
    `${taken.length === 1 ? 'a port is' : 'ports are'} taken: ${list}; stop what listens there, or use --free-ports`,
  );
}
