/**
 * How `--help` looks: what the command does, how it is called, examples, then its flags, in the 80 columns of a terminal.
 *
 * @since 0.1.0
 */
import * as CliOutput from "effect/cli/CliOutput"
import type { ArgDoc, ExampleDoc, FlagDoc, HelpDoc, SubcommandGroupDoc } from "effect/cli/HelpDoc"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { settings } from "./Settings.ts"
import { type Style, style } from "./Style.ts"
import { wrapped } from "./table.ts"

const columns = 80

/** Names as wide as this have their text beside them; wider ones above it. */
const widest = 24

/** Flags of every command that are needed once in a while: named, not explained. */
const rare = new Set(["completions", "log-level", "wizard"])

const settingNames: ReadonlySet<string> = new Set(["profile", ...Object.values(settings).map(({ flag }) => flag)])

const isSetting = ({ name }: FlagDoc) => settingNames.has(name)

interface Row {
  readonly name: string
  readonly text: string
}

const rowsOf = (rows: ReadonlyArray<Row>, { strong }: Style): ReadonlyArray<string> => {
  const fitting = rows.map(({ name }) => CliOutput.displayWidth(name)).filter((width) => width <= widest)
  const indent = Math.max(0, ...fitting) + 4
  return rows.flatMap(({ name, text }) => {
    const width = CliOutput.displayWidth(name)
    if (text === "") return [`  ${strong(name)}`]
    const body = wrapped(text, indent, columns)
    return width <= widest
      ? [`  ${strong(name)}${" ".repeat(indent - 2 - width)}${body}`]
      : [`  ${strong(name)}`, `${" ".repeat(indent)}${body}`]
  })
}

const words: ReadonlyMap<string, string> = new Map([
  ["string", "text"],
  ["integer", "number"]
])

/** Placeholders are in angle brackets, whatever their author wrote, and say what people call it. */
const placeholder = (type: string) => (/^[<[]/.test(type) ? type : `<${words.get(type) ?? type}>`)

const namesOf = ({ aliases, name, type }: FlagDoc) =>
  [`--${name}`, ...aliases].join(", ") + (type === "boolean" ? "" : ` ${placeholder(type)}`)

/** Choices need not be told twice. */
const withoutChoices = ({ description, type }: FlagDoc) => {
  const text = Option.getOrElse(description, () => "")
  return type.includes("|") ? text.replace(/ ?\(choices: .*\)$/, "") : text
}

const flagRow = (flag: FlagDoc): Row => ({
  name: namesOf(flag),
  text: withoutChoices(flag) + (flag.required ? " (required)" : "")
})

/** The line of usage says which of them may be left out. */
const argumentRow = ({ description, name, variadic }: ArgDoc): Row => ({
  name: `${name}${variadic ? "…" : ""}`,
  text: Option.getOrElse(description, () => "")
})

/** A shell's command, broken before its flags and pipes. */
const commandLines = (command: string): string => {
  const parts = command.split(/ (?=--?[a-z]|\| )/)
  const lines: Array<string> = []
  let line = ""
  for (const part of parts) {
    // Room for the indentation and for " \".
    if (line !== "" && line.length + 1 + part.length > columns - 8) {
      lines.push(line)
      line = part
    } else line = line === "" ? part : `${line} ${part}`
  }
  return [...lines, line].join(" \\\n      ")
}

const exampleLines = (examples: ReadonlyArray<ExampleDoc>, { faint }: Style) =>
  examples.flatMap(({ command, description }) => [
    ...(description === undefined ? [] : [`  ${faint(`# ${wrapped(description, 4, columns)}`)}`]),
    `  ${commandLines(command)}`
  ])

const subcommandRows = (groups: ReadonlyArray<SubcommandGroupDoc>): ReadonlyArray<Row> =>
  groups.flatMap(({ commands }) =>
    commands.map(({ alias, description, name, shortDescription }) => ({
      name: alias === undefined ? name : `${name}, ${alias}`,
      text: shortDescription ?? description
    }))
  )

const globalLines = ({ commandPath, globalFlags = [] }: HelpDoc, look: Style): ReadonlyArray<string> => {
  if (globalFlags.length === 0) return []
  const shown = globalFlags.filter(({ name }) => !rare.has(name))
  if (commandPath !== undefined && commandPath.length > 1) {
    const names = shown.map(({ name }) => `--${name}`).join(", ")
    return ["", wrapped(`Every command also takes ${names}: see ${commandPath[0]} --help.`, 0, columns)]
  }
  const others = globalFlags.filter(({ name }) => rare.has(name)).map(({ name }) => `--${name}`)
  const summary = others.length === 0 ? [] : [`  ${wrapped(`Seldom needed: ${others.join(", ")}`, 4, columns)}`]
  return ["", look.strong("FLAGS OF EVERY COMMAND"), ...rowsOf(shown.map(flagRow), look), ...summary]
}

/**
 * The help of a command as text. Lines are at most 80 columns wide.
 *
 * @category formatting
 * @since 0.1.0
 */
export const formatHelp = (doc: HelpDoc, look: Style): string => {
  const flags = [...doc.flags, ...(doc.inheritedFlags ?? [])]
  const own = flags.filter((flag) => !isSetting(flag))
  const shared = flags.filter(isSetting)
  const section = (title: string, lines: ReadonlyArray<string>) =>
    lines.length === 0 ? [] : ["", look.strong(title), ...lines]
  return [
    ...doc.description.split("\n").map((line) => wrapped(line, 0, columns)),
    "",
    `${look.strong("USAGE")}  ${wrapped(doc.usage, 9, columns)}`,
    ...section("COMMANDS", rowsOf(subcommandRows(doc.subcommands ?? []), look)),
    ...section("EXAMPLES", exampleLines(doc.examples ?? [], look)),
    ...section("ARGUMENTS", rowsOf((doc.args ?? []).map(argumentRow), look)),
    ...section("FLAGS", rowsOf(own.map(flagRow), look)),
    ...section("SETTINGS (also as APNS_* variables, or kept in a profile)", rowsOf(shared.map(flagRow), look)),
    ...globalLines(doc, look)
  ].join("\n")
}

const formatterIn = (look: Style): CliOutput.Formatter => ({
  ...CliOutput.defaultFormatter({ colors: false }),
  formatHelpDoc: (doc) => formatHelp(doc, look),
  formatVersion: (name, version) => `${name} ${version}`
})

/**
 * Help as `formatHelp` writes it, in the terminal's colours, and the version as `apns 1.2.3`.
 *
 * @category layers
 * @since 0.1.0
 */
export const helpLayer: Layer.Layer<never> = Layer.unwrap(
  Effect.map(style("stdout"), (look) => CliOutput.layer(formatterIn(look)))
)
