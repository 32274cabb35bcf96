/** Writes the tables of docs/ that are made from code. `--check` writes nothing and fails when one is out of date. */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ReasonTable } from "effect-apns"

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

const tables: Record<string, () => string> = { rejections, failures }

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
  const path = fileURLToPath(new URL("../docs/errors.md", import.meta.url))
  const text = readFileSync(path, "utf8")
  if (process.argv.includes("--check")) {
    if (filled(text) !== text) throw new Error("docs/errors.md is out of date: run `npm run pnpm -- run docs`")
  } else writeFileSync(path, filled(text))
}
