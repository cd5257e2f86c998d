import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { buildCorpus } from './corpus.ts';
import { differencesDocument, documentPath } from './differences-document.ts';

const options = await resolveConfig(documentPath);
writeFileSync(
  documentPath,
  await format(differencesDocument(buildCorpus().length), { ...options, filepath: documentPath }),
);
