/**
 * Notifications that carry no content of their own and tell a device to ask a server: of device management and of Wallet.
 *
 * @since 0.1.0
 */
import { make, typedContent } from "./internal/constructor.ts"
import type { Prefixed } from "./internal/literal.ts"
import type { CertificateNotification, Common, Content, Notification, Priority, Push } from "./Notification.ts"
import * as Payload from "./Payload.ts"
import { rules } from "./PushType.ts"

/**
 * A notification that makes a managed device ask its MDM server for commands.
 *
 * **Details**
 *
 * Topic: the subject UID of the MDM push certificate, `com.apple.mgmt.…`, which the layer takes from the certificate.
 * Payload: the device's PushMagic and nothing else. Credentials: the MDM push certificate, no token key. Apple names no
 * priority: leave it out, or use 10. The device token arrives as base64 at the device's check-in and is given here in
 * hexadecimal. Several that wait become one. Source: Apple, "Sending MDM commands to a device".
 *
 * **Example** (Waking an MDM client)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const token = Buffer.from("eh8MO10uT2A=", "base64").toString("hex")
 * const n = Notification.mdm({ device: token, pushMagic: "0F2B6B1E-6A0E-4C55-9D0A-5A6F0A3C9B11" })
 * n.trust // => "certificate"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const mdm = (options: Push<"mdm"> & Payload.Mdm): CertificateNotification => ({
  ...make("mdm", rules.mdm, options, typedContent(Payload.Mdm, { pushMagic: options.pushMagic })),
  trust: rules.mdm.trust
})

/**
 * What a push about a Wallet pass can say.
 *
 * @category models
 * @since 0.1.0
 */
export interface WalletPass<Id extends string = string> extends Omit<Common, "topic" | "topicSuffix"> {
  /** The Pass Type ID, which begins with `pass.`: the topic. */
  readonly passTypeId: Prefixed<Id, "pass.">
  readonly priority?: Priority | undefined
}

const empty: Content = { _tag: "Raw", body: "{}" }

/**
 * A notification that makes Wallet ask for the new version of a pass.
 *
 * **Details**
 *
 * Topic: the Pass Type ID. Payload: an empty object. Credentials: the certificate of the Pass Type ID; a key of the team
 * is said to work, too. It is no push type of its own, so `apns-push-type` is left out; it exists in the production
 * environment only. Source: Apple's Wallet developer guide.
 *
 * **Example** (Updating a pass)
 *
 * ```ts run
 * import { Notification } from "effect-apns"
 *
 * const n = Notification.walletPass({ device: "7a1f0c3b5d2e4f60", passTypeId: "pass.com.example.ticket" })
 * n.topic // => "pass.com.example.ticket"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const walletPass = <Id extends string>({ passTypeId, ...options }: WalletPass<Id>): Notification =>
  make(undefined, undefined, { ...options, topic: passTypeId }, empty)
