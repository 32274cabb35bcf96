/**
 * The words of a command line as people mean them: what follows a flag that takes a value is its value, whatever it begins with,
 * as in getopt_long. The parser takes what begins with a dash for flags, a letter each, and finds `-h` in `-5 degrees with hail`.
 */
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import type { FlagDoc, HelpDoc } from "effect/cli/HelpDoc"
import * as Effect from "effect/Effect"
import { apns } from "./Cli.ts"
import { badInput, type Failure } from "./Failure.ts"

/** How the flags of a command are spelt, and whether a value follows them. */
type Flags = ReadonlyMap<string, boolean>

const takesValue = ({ type }: FlagDoc) => type !== "boolean" && !type.startsWith("[=")

/** What the command of that path takes, by its help. */
const flagsAt = (path: ReadonlyArray<string>) => {
  const docs: Array<HelpDoc> = []
  const listening = CliOutput.layerPresenter({
    present: (event) => Effect.sync(() => event._tag === "Help" && docs.push(event.helpDoc))
  })
  return Command.runWith(apns, { version: "" })([...path, "--help"]).pipe(
    Effect.ignore,
    Effect.map((): Flags => {
      const flags = docs.flatMap(({ flags, globalFlags, inheritedFlags }) => [flags, inheritedFlags, globalFlags])
      return new Map(
        flags.flatMap((some = []) =>
          some.flatMap((flag) => [`--${flag.name}`, ...flag.aliases].map((name) => [name, takesValue(flag)] as const))
        )
      )
    }),
    Effect.provide(listening)
  )
}

const looksLikeFlag = (word: string) => word.startsWith("-") && word !== "-"

/** The parser takes these as values. */
const negativeNumber = /^-\d*\.?\d+$/

const nameOf = (word: string) => (word.startsWith("--") ? word.replace(/=.*/s, "") : word)

const valueMissing = (flag: string, next: string): Failure =>
  badInput(
    `${flag} takes a value, and the next word is the flag ${next}`,
    `If that is the value, write it as one word: ${flag}=${next}`
  )

const noSuchFlag = (word: string): Failure =>
  badInput(
    `there is no flag ${Array.from(word).slice(0, 2).join("")}, which a word begins with`,
    "Texts with a dash: --title='-5 degrees'. Devices and files with one: behind --."
  )

/** What other tools have as a command, and here is a flag. */
const asFlags: Readonly<Record<string, (rest: ReadonlyArray<string>) => ReadonlyArray<string>>> = {
  help: (rest) => [...rest, "--help"],
  version: (rest) => ["--version", ...rest],
  completion: (rest) => ["--completions", ...rest],
  completions: (rest) => ["--completions", ...rest]
}

/**
 * Joins each flag to its value (`--title -5` to `--title=-5`) where the value begins with a dash. Fails where the next word is
 * a flag itself, and at a word of one dash that is none: what it means, its user has to say.
 */
export const asMeant = Effect.fnUntraced(function* (typed: ReadonlyArray<string>) {
  const [first = "", ...rest] = typed
  const words = Object.hasOwn(asFlags, first) ? (asFlags[first]?.(rest) ?? typed) : typed
  const meant: Array<string> = []
  const path: Array<string> = []
  let below = apns.subcommands.flatMap(({ commands }) => commands)
  let flags: Flags | undefined
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ""
    if (word === "--") return [...meant, ...words.slice(index)]
    if (!looksLikeFlag(word)) {
      const command = below.find(({ alias, name }) => word === name || word === alias)
      if (command !== undefined) {
        path.push(word)
        flags = undefined
        below = command.subcommands.flatMap(({ commands }) => commands)
      } else below = []
      meant.push(word)
      continue
    }
    flags ??= yield* flagsAt(path)
    const next = words[index + 1]
    if (flags.get(word) === true && next !== undefined) {
      if (looksLikeFlag(next) && (next === "--" || flags.has(nameOf(next))))
        return yield* valueMissing(word, nameOf(next))
      meant.push(...(looksLikeFlag(next) && word.startsWith("--") ? [`${word}=${next}`] : [word, next]))
      index++
    } else if (/^-[^-]/.test(word) && !flags.has(word) && !negativeNumber.test(word)) {
      return yield* noSuchFlag(word)
    } else meant.push(word)
  }
  return meant
})
