/**
 * Which caches of provider tokens are of one process.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * The process that a `JwtCache` is of: those of one process have the provider token of a key in common. Any object names one.
 * Default: the process that the program runs in.
 *
 * **When to use**
 *
 * Use where one process stands for several: in a test of two that send with the same key, or around a command that another
 * program runs within itself. Programs with `Clock`s of their own, as tests have them, are told apart without it.
 *
 * @category references
 * @since 0.1.0
 */
export const TokenProcess: Context.Reference<object | undefined> = Context.Reference<object | undefined>(
  "effect-apns/TokenProcess",
  { defaultValue: () => undefined }
)
