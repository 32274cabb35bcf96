/** Writes the tables of docs/ that are made from code. `--check` writes nothing and fails when one is out of date. */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { PushType, ReasonTable } from "effect-apns"

const row = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n")

const rejections = () =>
  table(
    ["Reason", "Status", "Action", "Meaning", "What to do"],
    Object.entries(ReasonTable.rejections).map(([name, r]) => [
      `\`${name}\``,
      String(r.status),
      `\`${r.action}\``,
      r.meaning,
      r.cure
    ])
  )

const failures = () =>
  table(
    ["Reason", "Outcome", "Action", "Meaning", "What to do"],
    Object.entries(ReasonTable.failures).map(([name, r]) => [
      `\`${name}\``,
      `\`${r.outcome}\``,
      `\`${r.action}\``,
      r.meaning,
      r.cure
    ])
  )

/** Where the reader finds each push type. */
const constructors: Readonly<Record<PushType.PushType, string>> = {
  alert: "alert",
  background: "background",
  complication: "complication",
  controls: "controls",
  fileprovider: "fileProvider",
  liveactivity: "liveActivity",
  location: "location",
  mdm: "mdm",
  pushtotalk: "pushToTalk",
  voip: "voip",
  widgets: "widgets"
}

const credentials = { token: "token key", certificate: "certificate", either: "either" } as const

const pushTypes = () =>
  table(
    ["Push type", "Constructor", "Topic", "Credentials", "Priorities", "Largest body", "Expiration unless given"],
    Object.entries(constructors).map(([pushType, constructor]) => {
      const rules = PushType.rulesOf(pushType)
      if (rules === undefined) throw new Error(`no rules for the push type ${pushType}`)
      return [
        `[\`${pushType}\`](${pushType}.md)`,
        `\`Notification.${constructor}\``,
        // The topic of an MDM push is no bundle ID.
        pushType === "mdm" ? "the certificate's" : `bundle ID${rules.suffix && ` + \`${rules.suffix}\``}`,
        credentials[rules.trust ?? "either"],
        rules.priorities.join(", "),
        rules.limit.toLocaleString("en"),
        rules.expiration === undefined ? "APNs decides" : `\`"${rules.expiration}"\``
      ]
    })
  )

const tables: Record<string, () => string> = { rejections, failures, pushTypes }

/** The pages that have such tables. */
export const pages = ["docs/errors.md", "docs/push-types/README.md"]

/** The text with every `<!-- table: name -->` … `<!-- end -->` filled in from the code. */
export const filled = (text: string): string =>
  text.replaceAll(
    /(<!-- table: (\w+) -->\n)[\s\S]*?(\n<!-- end -->)/g,
    (_, start: string, name: string, end: string) => {
      const make = tables[name]
      if (make === undefined) throw new Error(`docs name an unknown table: ${name}`)
      return `${start}\n${make()}\n${end}`
    }
  )

if (import.meta.main) {
  for (const page of pages) {
    const path = fileURLToPath(new URL(`../${page}`, import.meta.url))
    const text = readFileSync(path, "utf8")
    if (process.argv.includes("--check")) {
      if (filled(text) !== text) throw new Error(`${page} is out of date: run \`npm run pnpm -- run docs\``)
    } else writeFileSync(path, filled(text))
  }
}
