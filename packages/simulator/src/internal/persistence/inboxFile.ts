/**
 * The SQLite file that keeps an inbox. Every write is one transaction in WAL mode: a process killed at any moment leaves what was
 * committed. node:sqlite is loaded when a file is opened, as it is not needed otherwise.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"

/** What kind of thing a kept value is. */
export type Kind = "device" | "scenario" | "channel" | "capability"

export interface KeptValue {
  readonly kind: Kind
  readonly name: string
  readonly value: unknown
}

/** What a file holds. */
export interface Kept {
  /** Received requests by rising id. */
  readonly received: ReadonlyArray<unknown>
  readonly nextId: number
  /** In the order in which they were first kept. */
  readonly values: ReadonlyArray<KeptValue>
}

/** Changes to write together. */
export interface Batch {
  /** Forget received requests with lower ids. */
  readonly firstId: number
  readonly nextId: number
  readonly received: Iterable<{ readonly id: number }>
  /** Kinds of which all earlier values are forgotten first. */
  readonly cleared: Iterable<Kind>
  /** `undefined`: forget the value. */
  readonly values: Iterable<KeptValue>
}

/** The file cannot be used; the message says why and what to do. */
export class UnusableFile extends Error {
  override readonly name = "UnusableFile"
}

/** Marks the files of this program, so that no other database is written to: "apns". */
const applicationId = 0x61706e73
const version = 1

const schema = `
CREATE TABLE received (id INTEGER PRIMARY KEY, data TEXT NOT NULL) STRICT;
CREATE TABLE kept (
  kind TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

const pragma = (database: DatabaseSync, name: string): unknown => {
  const row = database.prepare(`PRAGMA ${name}`).get()
  return row === undefined ? undefined : Object.values(row)[0]
}

/** Makes the tables of a new file; refuses a file of another program or of a newer version. */
const prepareSchema = (database: DatabaseSync, path: string): void => {
  const found = pragma(database, "application_id")
  const isEmpty = pragma(database, "page_count") === 0 || pragma(database, "schema_version") === 0
  if (found !== applicationId && !isEmpty) {
    throw new UnusableFile(`${path} is a database of another program. Give the name of a new file.`)
  }
  if (found === applicationId) {
    const kept = pragma(database, "user_version")
    if (kept === version) return
    throw new UnusableFile(
      `${path} has format ${String(kept)}, and this version reads format ${version}. Give the name of a new file.`
    )
  }
  database.exec(
    `BEGIN IMMEDIATE; ${schema} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}; COMMIT`
  )
}

const parse = (text: unknown): unknown => {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

export class InboxFile {
  readonly #database: DatabaseSync
  readonly #putReceived: StatementSync
  readonly #dropReceived: StatementSync
  readonly #putValue: StatementSync
  readonly #dropValue: StatementSync
  readonly #dropKind: StatementSync
  readonly #setCounter: StatementSync
  #place: number

  private constructor(database: DatabaseSync) {
    this.#database = database
    this.#putReceived = database.prepare(
      "INSERT INTO received (id, data) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data"
    )
    this.#dropReceived = database.prepare("DELETE FROM received WHERE id < ?")
    this.#putValue = database.prepare(
      "INSERT INTO kept (kind, name, place, value) VALUES (?, ?, ?, ?) " +
        "ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value"
    )
    this.#dropValue = database.prepare("DELETE FROM kept WHERE kind = ? AND name = ?")
    this.#dropKind = database.prepare("DELETE FROM kept WHERE kind = ?")
    this.#setCounter = database.prepare(
      "INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )
    this.#place = Number(database.prepare("SELECT coalesce(max(place), 0) AS place FROM kept").get()?.place ?? 0)
  }

  /** Rejects with `UnusableFile`, or with what SQLite says. */
  static async open(path: string): Promise<InboxFile> {
    const { DatabaseSync } = await import("node:sqlite")
    const database = new DatabaseSync(path)
    try {
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 2000")
      prepareSchema(database, path)
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000")
      return new InboxFile(database)
    } catch (cause) {
      database.close()
      if (cause instanceof UnusableFile) throw cause
      const why = cause instanceof Error ? cause.message : String(cause)
      const cure = why.includes("locked") ? "Another process uses it." : "Give the name of a new file."
      throw new UnusableFile(`${path} cannot be used: ${why}. ${cure}`, { cause })
    }
  }

  /** The newest `keep` requests and all values. */
  read(keep: number): Kept {
    const rows = this.#database.prepare("SELECT data FROM received ORDER BY id DESC LIMIT ?").all(keep)
    const values = this.#database.prepare("SELECT kind, name, value FROM kept ORDER BY place").all()
    const nextId = this.#database.prepare("SELECT value FROM counter WHERE name = 'nextId'").get()?.value
    return {
      received: rows.map(({ data }) => parse(data)).reverse(),
      nextId: typeof nextId === "number" ? nextId : 1,
      // Sound: only `write` fills the table.
      values: values.map(({ kind, name, value }) => ({ kind: kind as Kind, name: String(name), value: parse(value) }))
    }
  }

  write(batch: Batch): void {
    const database = this.#database
    database.exec("BEGIN IMMEDIATE")
    try {
      for (const kind of batch.cleared) this.#dropKind.run(kind)
      for (const { kind, name, value } of batch.values) {
        if (value === undefined) this.#dropValue.run(kind, name)
        else this.#putValue.run(kind, name, ++this.#place, JSON.stringify(value))
      }
      for (const received of batch.received) this.#putReceived.run(received.id, JSON.stringify(received))
      this.#dropReceived.run(batch.firstId)
      this.#setCounter.run("nextId", batch.nextId)
      database.exec("COMMIT")
    } catch (cause) {
      if (database.isTransaction) database.exec("ROLLBACK")
      throw cause
    }
  }

  close(): void {
    this.#database.close()
  }
}
