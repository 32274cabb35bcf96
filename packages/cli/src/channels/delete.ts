/** `apns channels delete`. */
import * as Effect from "effect/Effect"
import { confirm } from "../confirm.ts"
import { ExitCode } from "../ExitCode.ts"
import { Failure } from "../Failure.ts"
import type { SettingFlags } from "../Settings.ts"
import type { Style } from "../Style.ts"
import { eachChannel, namedChannels, type Outcome, toldTogether } from "./each.ts"
import { managed } from "./manage.ts"

interface Deleted {
  readonly deleted: true
  readonly requestId: string
}

/** How many are named in the question. */
const shown = 10

const question = (names: ReadonlyArray<string>): string => {
  if (names.length === 1) return `Delete channel ${names[0]} for good?`
  const count = names.length.toLocaleString("en-GB")
  const more = names.length > shown ? [`  and ${(names.length - shown).toLocaleString("en-GB")} more`] : []
  const lines = [...names.slice(0, shown).map((name) => `  ${name}`), ...more]
  return `${lines.join("\n")}\nDelete these ${count} channels for good?`
}

const deletedLines = (outcomes: ReadonlyArray<Outcome<Deleted>>, { good }: Style): string =>
  outcomes.flatMap(({ channel, done }) => (done === undefined ? [] : [`${good("✓")} ${channel} deleted`])).join("\n")

export const deleteChannels = ({
  channels: given,
  json,
  yes,
  ...flags
}: SettingFlags & { readonly channels: ReadonlyArray<string>; readonly json: boolean; readonly yes: boolean }) =>
  Effect.gen(function* () {
    const names = yield* namedChannels(given)
    if (!yes && !(yield* confirm(question(names)))) {
      return yield* new Failure({ problem: "nothing was deleted", exitCode: ExitCode.failed })
    }
    const outcomes = yield* managed(flags, (channels) =>
      eachChannel(names, (channel) =>
        Effect.map(channels.delete(channel), ({ requestId }): Deleted => ({ deleted: true, requestId }))
      )
    )
    yield* toldTogether(outcomes, { json, text: deletedLines })
  })
