/** Signs a token and prints it. */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Jwt } from "effect-apns"
import { maximumAge, minimumAge } from "effect-apns/JwtCache"
import { type KeyFlags, tokenKey } from "./key.ts"

export interface MakeInput extends KeyFlags {
  readonly header: boolean
  readonly json: boolean
}

export const make = ({ header, json, ...flags }: MakeInput) =>
  Effect.gen(function* () {
    const credentials = yield* tokenKey(flags)
    const token = yield* Jwt.sign(credentials)
    const jwt = Redacted.value(token)
    const authorization = `bearer ${jwt}`
    if (!json) {
      yield* Console.log(header ? `authorization: ${authorization}` : jwt)
      return
    }
    const { issuedAt = yield* DateTime.now } = yield* Jwt.decode(token)
    const { keyId, teamId } = credentials
    const at = (moment: DateTime.DateTime) => DateTime.formatIso(moment)
    yield* Console.log(
      JSON.stringify(
        {
          token: jwt,
          authorization,
          keyId,
          teamId,
          issuedAt: at(issuedAt),
          renewableAt: at(DateTime.addDuration(issuedAt, minimumAge)),
          expiresAt: at(DateTime.addDuration(issuedAt, maximumAge))
        },
        null,
        2
      )
    )
  })
