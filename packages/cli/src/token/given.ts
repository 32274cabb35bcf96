/** The token that a command is given: on its command line, or on standard input. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Failure } from "../Failure.ts"
import { standardInput } from "../input.ts"

export const givenToken = (argument: Option.Option<string>): Effect.Effect<Redacted.Redacted<string>, Failure> => {
  const named = Option.getOrElse(argument, () => "-")
  const text =
    named === "-"
      ? Effect.map(
          standardInput("token", "Give it as an argument, or on standard input: apns token decode < token.txt"),
          (bytes) => bytes.toString("utf8")
        )
      : Effect.succeed(named)
  return Effect.map(text, (token) => Redacted.make(token, { label: "provider token" }))
}
