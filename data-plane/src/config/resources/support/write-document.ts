import { writeFileSync } from 'node:fs';
import { buildSupportDocument } from './support-document.ts';
import { supportTable } from './support-table.ts';

/** Writes docs/config.md. */
writeFileSync(new URL('../../../../../docs/config.md', import.meta.url), buildSupportDocument(supportTable));
