import path from 'node:path';
import type { Rule } from 'eslint';
import { layers, type Layer } from './layers.ts';

const root = path.resolve(import.meta.dirname, '../..');

function layerOf(file: string): Layer | undefined {
  const relative = path.relative(root, file);
  const holds = (layer: Layer): boolean => relative === layer.path || relative.startsWith(`${layer.path}/`);
  // The longest path wins, so that a folder's exception stands before the folder.
  return layers.filter(holds).sort((a, b) => b.path.length - a.path.length)[0];
}

function resolveImport(fromFile: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return path.resolve(path.dirname(fromFile), specifier);
  const workspace = /^@heddle\/([^/]+)\/(.+)$/.exec(specifier);
  return workspace === null
    ? undefined
    : path.join(root, workspace[1] ?? '', 'src', `${workspace[2] ?? ''}.ts`);
}

/** ESLint rule: an import must be allowed by the table in layers.ts. */
export const layersRule: Rule.RuleModule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      forbidden: '{{from}} must not import {{to}}: {{hint}}. (tools/lint/layers.ts)',
      unknown: '{{file}} belongs to no layer; add it to tools/lint/layers.ts',
    },
  },
  create(context) {
    const from = layerOf(context.filename);
    function check(node: Rule.Node, source: unknown): void {
      if (typeof source !== 'string' || from === undefined) return;
      const target = resolveImport(context.filename, source);
      if (target === undefined) return;
      const to = layerOf(target);
      if (to === undefined) {
        context.report({ node, messageId: 'unknown', data: { file: path.relative(root, target) } });
      } else if (to.name !== from.name && !from.may.includes(to.name)) {
        context.report({
          node,
          messageId: 'forbidden',
          data: { from: from.name, to: to.name, hint: from.hint },
        });
      }
    }
    return {
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration: (node) => check(node, node.source?.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ImportExpression: (node) => check(node, node.source.type === 'Literal' ? node.source.value : undefined),
    };
  },
};
