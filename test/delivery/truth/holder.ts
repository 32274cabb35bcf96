/** Holds the write lock of a SQLite file until it is killed: to everybody else, the store is away. */
import { DatabaseSync } from "node:sqlite"

const database = new DatabaseSync(process.argv.at(-1) ?? "", { timeout: 30_000 })
database.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE")
process.send?.({ _tag: "held" })
process.once("disconnect", () => {
  database.close()
  process.exit(1)
})
