/**
 * What kind of credentials a layer sends with, as far as the types can tell: some push types work with one kind only.
 *
 * `Apns.layer` provides one of the two services beside `Apns`, and `send` asks for one when a notification needs it, so
 * that a push type which the credentials cannot carry does not compile. Where only the run time knows the kind, both are
 * provided and `send` refuses with `InvalidNotification`, before anything is sent.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { CertificateCredentials, Credentials, TokenCredentials } from "./Credentials.ts"

/**
 * The credentials are a token key. Location and File Provider pushes work with nothing else (Apple, "Sending notification
 * requests to APNs" and "Using push notifications to signal changes").
 *
 * @category services
 * @since 0.1.0
 */
export class TokenTrust extends Context.Service<TokenTrust, { readonly trust: "token" }>()("effect-apns/TokenTrust") {
  /** Says it of a layer that was put together by hand, with `Apns.layerNoDeps`. */
  static readonly layer: Layer.Layer<TokenTrust> = Layer.succeed(this, { trust: "token" })
}

/**
 * The credentials are a certificate. MDM pushes work with nothing else (Apple, "Sending MDM commands to a device").
 *
 * @category services
 * @since 0.1.0
 */
export class CertificateTrust extends Context.Service<CertificateTrust, { readonly trust: "certificate" }>()(
  "effect-apns/CertificateTrust"
) {
  /** Says it of a layer that was put together by hand, with `Apns.layerNoDeps`. */
  static readonly layer: Layer.Layer<CertificateTrust> = Layer.succeed(this, { trust: "certificate" })
}

/**
 * Both marks, where the kind of the credentials is not known before they are read.
 *
 * @internal
 */
export const trusts: Layer.Layer<TokenTrust | CertificateTrust> = Layer.merge(TokenTrust.layer, CertificateTrust.layer)

/**
 * What credentials of a type provide: where it is a union, both.
 *
 * @category models
 * @since 0.1.0
 */
export type Provided<C extends Credentials> =
  | (C extends TokenCredentials ? TokenTrust : never)
  | (C extends CertificateCredentials ? CertificateTrust : never)

/**
 * What sending a notification of a type needs beside `Apns`: nothing, as far as the plain type `Notification` tells.
 *
 * @category models
 * @since 0.1.0
 */
export type Needed<N> = N extends { readonly trust: "token" }
  ? TokenTrust
  : N extends { readonly trust: "certificate" }
    ? CertificateTrust
    : never
