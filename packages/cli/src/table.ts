/** Text in columns, for a terminal of 80. */
import { stripVTControlCharacters } from "node:util"
import { displayWidth } from "effect/cli/CliOutput"

const columns = 80

const widthOf = (text: string) => displayWidth(stripVTControlCharacters(text))

const padded = (text: string, width: number) => text + " ".repeat(Math.max(0, width - widthOf(text)))

/** Text broken between words, its further lines indented. */
export const wrapped = (text: string, indent: number, width = columns): string => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && indent + widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`)
}

/** Rows under a heading, each column as wide as its widest cell. */
export const table = (
  heading: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  strong: (text: string) => string = (text) => text
): string => {
  const widths = heading.map((title, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? "")))
  )
  const lineOf = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, index) => (index === cells.length - 1 ? cell : padded(cell, widths[index] ?? 0)))
      .join("  ")
      .trimEnd()
  return [strong(lineOf(heading)), ...rows.map(lineOf)].join("\n")
}
