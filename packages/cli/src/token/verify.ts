/** Checks a token against the key of the settings. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { Jwt } from "effect-apns"
import { endWith } from "../Ending.ts"
import { ExitCode } from "../ExitCode.ts"
import { finding } from "../finding.ts"
import { style } from "../Style.ts"
import { givenToken } from "./given.ts"
import { type KeyFlags, tokenKey } from "./key.ts"

export interface VerifyInput extends KeyFlags {
  readonly token: Option.Option<string>
  readonly json: boolean
}

export const verify = ({ json, token, ...flags }: VerifyInput) =>
  Effect.gen(function* () {
    const credentials = yield* tokenKey(flags)
    const checks = yield* Jwt.verify(yield* givenToken(token), credentials)
    const valid = checks.every(({ passed }) => passed)
    const look = yield* style("stdout")
    yield* Console.log(
      json
        ? JSON.stringify({ valid, checks }, null, 2)
        : checks
            .map(({ cure, detail, passed }) =>
              finding(passed ? "good" : "bad", detail, cure === undefined ? undefined : `${cure}.`, look)
            )
            .join("\n")
    )
    yield* endWith(valid ? ExitCode.ok : ExitCode.failed)
  })
