/** The token key of the settings. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type ApnsError, type Credentials, FromConfig } from "effect-apns"
import { badInput, type Failure } from "../Failure.ts"
import { type SettingFlags, settingsLayer } from "../Settings.ts"

export type KeyFlags = Pick<SettingFlags, "profile" | "teamId" | "keyId" | "keyFile">

const others = {
  environment: Option.none(),
  topic: Option.none(),
  certificateFile: Option.none(),
  certificateKeyFile: Option.none(),
  host: Option.none(),
  port: Option.none(),
  caFile: Option.none(),
  timeout: Option.none()
}

export const tokenKey = (flags: KeyFlags): Effect.Effect<Credentials.TokenCredentials, Failure | ApnsError> =>
  FromConfig.credentials.pipe(
    Effect.provide(settingsLayer({ ...others, ...flags })),
    Effect.flatMap((credentials) =>
      credentials._tag === "TokenCredentials"
        ? Effect.succeed(credentials)
        : Effect.fail(
            badInput(
              "the settings name a certificate, and provider tokens are signed with a key",
              "Name a .p8 file with --key-file, or a profile that has one."
            )
          )
    )
  )
