/** What is known of campaigns: what each says, how far it has come, and whether it may go on. And to whom they go. */
import { Effect } from "effect"
import { Migrator, SqlClient } from "effect/sql"

/** What whoever starts a campaign says of it. */
export interface Plan {
  readonly id: string
  readonly title: string
  readonly body: string
  /** Epoch milliseconds. */
  readonly sendAt: number
}

export interface Campaign extends Plan {
  readonly state: "running" | "paused" | "cancelled" | "done"
  /** How often it was paused. */
  readonly pauses: number
  /** How many pages of devices are in the queue, and how many devices that is. */
  readonly pages: number
  readonly devices: number
  /** The last of them: the next page begins after it. */
  readonly last: string
}

/** Makes the tables, once. Your devices are somewhere already. */
export const migrate = Migrator.make({})({
  table: "campaign_migrations",
  loader: Migrator.fromRecord({
    "0001_campaigns": Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE campaign (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        body TEXT NOT NULL,
        "sendAt" DOUBLE PRECISION NOT NULL,
        state TEXT NOT NULL DEFAULT 'running',
        pauses INTEGER NOT NULL DEFAULT 0,
        pages INTEGER NOT NULL DEFAULT 0,
        devices INTEGER NOT NULL DEFAULT 0,
        last TEXT NOT NULL DEFAULT ''
      )`
      yield* sql`CREATE TABLE IF NOT EXISTS device (token TEXT COLLATE "C" PRIMARY KEY)`
    })
  })
})

/** The first plan with an id counts. */
export const insert = ({ body, id, sendAt, title }: Plan) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`INSERT INTO campaign ${sql.insert({ id, title, body, sendAt })} ON CONFLICT DO NOTHING`
  )

export const find = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [campaign] = yield* sql<Campaign>`SELECT * FROM campaign WHERE id = ${id}`
    return campaign
  })

/** Waits for the page in hand: once it returns, no further page is stored. */
export const pause = (id: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`UPDATE campaign SET state = 'paused', pauses = pauses + 1 WHERE id = ${id} AND state = 'running'`
  )

/** How often it was paused until now; nothing when there is no such campaign. */
export const resume = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [resumed] = yield* sql<Pick<Campaign, "pauses">>`
      UPDATE campaign SET state = CASE state WHEN 'paused' THEN 'running' ELSE state END WHERE id = ${id} RETURNING pauses`
    return resumed?.pauses
  })

/** Waits for the page in hand, as `pause` does. */
export const cancel = (id: string) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`UPDATE campaign SET state = 'cancelled' WHERE id = ${id} AND state IN ('running', 'paused')`
  )

/** The campaign, as nobody else changes it until the transaction ends. */
export const lock = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const [campaign] = yield* sql<Campaign>`SELECT * FROM campaign WHERE id = ${id} FOR UPDATE`
    return campaign
  })

/** The next page of devices, in the order of their tokens. */
export const devicesAfter = (last: string, size: number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const devices = yield* sql<{ readonly token: string }>`
      SELECT token FROM device WHERE token > ${last} ORDER BY token LIMIT ${size}`
    return devices.map(({ token }) => token)
  })

/** Moves a campaign past a page. */
export const advance = (id: string, devices: ReadonlyArray<string>) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (
      sql
    ) => sql`UPDATE campaign SET pages = pages + 1, devices = devices + ${devices.length}, last = ${devices.at(-1) ?? ""}
      WHERE id = ${id}`
  )

export const finish = (id: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE campaign SET state = 'done' WHERE id = ${id}`)
