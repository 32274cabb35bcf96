/**
 * Why something was not accepted, as `--json` tells it.
 *
 * @since 0.1.0
 */
import type { ApnsError } from "effect-apns"

/**
 * The fields of an error. They hold no secret and no full device token.
 *
 * @category formatting
 * @since 0.1.0
 */
export const errorFields = (error: ApnsError) => {
  const { action, attempts, cure, outcome, reason } = error
  return { outcome, reason: reason._tag, problem: reason.detail, cure, action, attempts: attempts ?? 0 }
}
