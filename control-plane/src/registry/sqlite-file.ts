import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { HeddleError, messageOf } from '@heddle/shared/errors/heddle-error';
import { canonicalJson, checkMeshObject } from '@heddle/shared/model/parse-object';
import type { Change, StoredObject } from './registry.ts';

/** Raised when the tables change; a file of a later version is refused. */
const schemaVersion = 1;

/** The tables of the embedded registry. Every method is synchronous; a write takes the time of one fsync. */
export class SqliteFile {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #putObject: StatementSync;
  readonly #deleteObject: StatementSync;
  readonly #setRevision: StatementSync;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#database = new DatabaseSync(path);
    } catch (thrown) {
      throw unusable(path, thrown);
    }
    try {
      // EXCLUSIVE: a second control plane on the same file would not see this one's writes. It ends with the
      // process, however that dies.
      this.#database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;');
      this.#createTables();
      this.#putObject = this.#database.prepare(
        `INSERT INTO objects (key, value, create_revision, modify_revision) VALUES (?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, modify_revision = excluded.modify_revision`,
      );
      this.#deleteObject = this.#database.prepare('DELETE FROM objects WHERE key = ?');
      this.#setRevision = this.#database.prepare('UPDATE registry SET revision = ?');
    } catch (thrown) {
      this.#database.close();
      throw unusable(path, thrown);
    }
  }

  readAll(): { readonly revision: number; readonly objects: readonly StoredObject[] } {
    try {
      const row = this.#database.prepare('SELECT revision FROM registry').get();
      const rows = this.#database.prepare('SELECT * FROM objects ORDER BY key').all();
      return { revision: Number(row?.['revision']), objects: rows.map(toStoredObject) };
    } catch (thrown) {
      this.#database.close();
      throw unusable(this.#path, thrown);
    }
  }

  /** All changes and the revision in one durable transaction; throws what SQLite throws, with nothing written. */
  write(revision: number, changes: readonly Change[]): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const change of changes) {
        if (change.kind === 'delete') {
          this.#deleteObject.run(change.key);
        } else {
          const { value, createRevision, modifyRevision } = change.object;
          this.#putObject.run(change.key, canonicalJson(value), createRevision, modifyRevision);
        }
      }
      this.#setRevision.run(revision);
      this.#database.exec('COMMIT');
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw thrown;
    }
  }

  close(): void {
    this.#database.close();
  }

  #createTables(): void {
    const found = Number(this.#database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (found > schemaVersion)
      throw new Error(`it was written by a later version (${found} > ${schemaVersion})`);
    // The transaction also takes the lock, so that a file in use shows here and not at the first write.
    this.#database.exec(`
      BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS objects (
        key TEXT PRIMARY KEY, value TEXT NOT NULL, create_revision INTEGER NOT NULL, modify_revision INTEGER NOT NULL
      ) WITHOUT ROWID, STRICT;
      CREATE TABLE IF NOT EXISTS registry (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL) STRICT;
      INSERT OR IGNORE INTO registry VALUES (1, 0);
      PRAGMA user_version = ${schemaVersion};
      COMMIT;
    `);
  }
}

function toStoredObject(row: Readonly<Record<string, unknown>>): StoredObject {
  const key = String(row['key']);
  const parsed = checkMeshObject(JSON.parse(String(row['value'])));
  if (!('object' in parsed)) throw new Error(`it holds a value that is no mesh object under ${key}`);
  return {
    key,
    value: parsed.object,
    createRevision: Number(row['create_revision']),
    modifyRevision: Number(row['modify_revision']),
  };
}

function unusable(path: string, thrown: unknown): HeddleError {
  const message = messageOf(thrown);
  const reason = message.includes('locked') ? 'another process uses it' : message;
  return new HeddleError('file-unusable', `registry file ${path}: ${reason}`, { cause: thrown });
}
