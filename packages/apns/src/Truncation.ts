/**
 * Truncation: which texts of a payload may be cut when it is over its size limit.
 *
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import type { Content } from "./Notification.ts"

/**
 * A text that may be cut: one of the alert's, or any other by its keys in the payload as it goes over the wire, such as
 * `["aps", "content-state", "headline"]` or `["preview"]`.
 *
 * `"body"` is also an alert that is plain text.
 *
 * @category models
 * @since 0.1.0
 */
export type TextField = "title" | "subtitle" | "body" | readonly [string, ...ReadonlyArray<string>]

/**
 * What may be cut, and how.
 *
 * @category models
 * @since 0.1.0
 */
export interface Truncation {
  /** In the order of their sacrifice: the next one is cut only when the one before it is empty. */
  readonly fields: readonly [TextField, ...ReadonlyArray<TextField>]
  /** Put after what is left of a text; `""` for nothing. Default: `"…"`, 3 bytes. */
  readonly ellipsis?: string | undefined
}

/**
 * Lets texts of a notification (or a broadcast) be cut when its payload is over its limit, instead of the notification
 * being refused.
 *
 * **When to use**
 *
 * Use where the texts are not yours, as with messages between users. A payload that fits is never touched.
 *
 * **Details**
 *
 * The cut is made when the payload is encoded, and only if it is too large. Each text keeps as many whole graphemes (an
 * emoji family is one) as fit, in bytes of the encoded body, with the ellipsis after them; a text becomes empty when not
 * even the ellipsis fits. Fields that were not chosen are never touched; chosen ones that are absent, or no text, are
 * passed over. Where all chosen texts are empty and the payload is still over its limit, it is refused with
 * `InvalidNotification`. A `raw` body given as text or bytes is sent as it is and never cut.
 *
 * The limits count bytes of JSON (Apple, "Sending notification requests to APNs"): a character takes 1 to 4 bytes, a
 * quotation mark 2, a control character up to 6. Grapheme boundaries are those of Unicode Standard Annex 29.
 *
 * **Example** (Cutting a long message)
 *
 * ```ts run
 * import { Result } from "effect"
 * import { Notification } from "effect-apns"
 * import { encode } from "effect-apns/PayloadSchema"
 *
 * const message = Notification.alert({
 *   device: "7a1f0c3b5d2e4f60",
 *   alert: { title: "Alice", body: "Hello! 👨‍👩‍👧‍👦 ".repeat(200) }
 * })
 * const n = Notification.truncate(message, { fields: ["body", "title"] })
 *
 * const body = Result.getOrThrow(encode(n))
 * body.length <= 4096 // => true
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const truncate: {
  (truncation: Truncation): <A extends { readonly content: Content }>(self: A) => A
  <A extends { readonly content: Content }>(self: A, truncation: Truncation): A
} = dual(
  2,
  <A extends { readonly content: Content }>(self: A, truncation: Truncation): A => ({
    ...self,
    content: { ...self.content, truncation }
  })
)
