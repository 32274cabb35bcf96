/** The encoded body of a content that many notifications share. */
import type * as Result from "effect/Result"
import type { InvalidNotification } from "../Reason.ts"

export class EncodedOnce {
  /** Absent before the first of them is sent. */
  body: Result.Result<Uint8Array, InvalidNotification> | undefined = undefined
}
