/** Tables as text: for a terminal, and as Markdown. */

export interface Column<A> {
  readonly name: string
  /** Text is set left, numbers right. */
  readonly align: "left" | "right"
  readonly cell: (row: A) => string
}

export const textTable = <A>(columns: ReadonlyArray<Column<A>>, rows: ReadonlyArray<A>): string => {
  const cells = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ cell }) => cell(row)))]
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)))
  return cells
    .map((line) =>
      line
        .map((text, index) => {
          const width = widths[index] ?? 0
          return columns[index]?.align === "left" ? text.padEnd(width) : text.padStart(width)
        })
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

export const markdownTable = <A>(columns: ReadonlyArray<Column<A>>, rows: ReadonlyArray<A>): string => {
  const line = (cells: ReadonlyArray<string>) => `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`
  return [
    line(columns.map(({ name }) => name)),
    line(columns.map(({ align }) => (align === "left" ? "---" : "---:"))),
    ...rows.map((row) => line(columns.map(({ cell }) => cell(row))))
  ].join("\n")
}
