/** What the table of reasons says of one, or of all. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  type Action,
  type FailureName,
  failures,
  type ReasonRow,
  type RejectionName,
  rejections,
  sourceOf
} from "effect-apns/ReasonTable"
import { badInput, type Failure } from "../Failure.ts"
import { nearest } from "../nearest.ts"
import { type Style, style } from "../Style.ts"
import { table, wrapped } from "../table.ts"

type Name = RejectionName | FailureName

// Object.entries forgets that the names are those of the tables.
const rows = new Map(Object.entries<ReasonRow>({ ...rejections, ...failures }) as ReadonlyArray<[Name, ReasonRow]>)

const todo: Record<Action, string> = {
  retry: "Retry: a passing fault. The default retry Schedule does so by itself.",
  reconnect: "Retry on a new connection. The library does so by itself.",
  retryLater: "Send it again minutes from now; the library does not.",
  renewToken: "Renew the provider token. The library does so once, where Apple's 20 minutes allow it.",
  dropToken: "Stop sending to this device token.",
  fixConfig: "Mend the request or the configuration: sent again unchanged, it fails again."
}

const outcomes: Record<ReasonRow["outcome"], string> = {
  refused: "refused: APNs did not process it, and said why",
  unsent: "unsent: APNs did not process it, so that sending it again makes no duplicate",
  unknown: "unknown: it may have arrived, and sending it again may make a duplicate"
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const described = (name: Name, row: ReasonRow, { strong, faint }: Style): string =>
  [
    strong(name),
    sentence(row.meaning),
    "",
    ...(
      [
        ["cure", row.cure],
        ["action", todo[row.action]],
        ["outcome", outcomes[row.outcome]],
        ["source", `${row.status === undefined ? "" : `HTTP ${row.status}; `}${sourceOf(name)}`]
      ] as const
    ).map(([label, text]) => `${faint(label.padEnd(9))}${wrapped(text, 9)}`)
  ].join("\n")

const list = ({ strong }: Style): string =>
  table(
    ["REASON", "STATUS", "OUTCOME", "ACTION"],
    [...rows].map(([name, { status, outcome, action }]) => [
      name,
      status === undefined ? "" : String(status),
      outcome,
      action
    ]),
    strong
  )

const asJson = (name: Name, row: ReasonRow) => ({ reason: name, ...row, source: sourceOf(name) })

export const explain = ({ name, json }: { readonly name: Option.Option<string>; readonly json: boolean }) =>
  Effect.gen(function* () {
    const out = yield* style("stdout")
    if (Option.isNone(name)) {
      yield* Console.log(
        json
          ? JSON.stringify(
              [...rows].map(([each, row]) => asJson(each, row)),
              null,
              2
            )
          : list(out)
      )
      return
    }
    const found = [...rows].find(([each]) => each.toLowerCase() === name.value.toLowerCase())
    if (found === undefined) return yield* unheard(name.value)
    yield* Console.log(json ? JSON.stringify(asJson(...found), null, 2) : described(...found, out))
  })

const unheard = (name: string): Effect.Effect<never, Failure> => {
  const near = nearest(name, [...rows.keys()])
  return Effect.fail(
    badInput(
      `no reason is called ${JSON.stringify(name)}`,
      near === undefined ? "apns reason lists them." : `Did you mean ${near}? apns reason lists all.`
    )
  )
}
