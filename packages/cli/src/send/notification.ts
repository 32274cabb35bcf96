/** From a payload as it goes over the wire to the notification that carries it. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Notification as Value } from "effect-apns/Notification"
import * as Notification from "effect-apns/Notification"
import * as Payload from "effect-apns/Payload"
import type { PushType } from "effect-apns/PushType"
import { rulesOf } from "effect-apns/PushType"
import { headerOf, type Kind, websitePayload } from "../payload/kinds.ts"

export interface Envelope extends Notification.Common {
  readonly priority?: Notification.Priority | undefined
}

type JsonObject = Schema.JsonObject

const withAps = {
  alert: Payload.make(Payload.AlertAps, Schema.JsonObject),
  background: Payload.make(Payload.BackgroundAps, Schema.JsonObject),
  reload: Payload.make(Payload.ReloadAps, Schema.JsonObject)
}

/** A priority that the push type does not have is refused by `send`, with the rule. */
const of = <T extends PushType>(envelope: Envelope): Notification.Push<T> => envelope as Notification.Push<T>

const decoded = <A, B>(
  schema: Schema.Codec<A, B>,
  payload: JsonObject,
  then: (value: A) => Value
): Result.Result<Value, Schema.SchemaError> => Result.map(Schema.decodeUnknownResult(schema)(payload), then)

/** The payload as it is: the rules of the push type that concern it are left to APNs. */
export const uncheckedNotification = (pushType: string, payload: JsonObject, envelope: Envelope): Value => {
  const rules = rulesOf(pushType)
  return {
    ...Notification.raw({ ...envelope, pushType, payload, expiration: envelope.expiration ?? rules?.expiration }),
    topicSuffix: envelope.topicSuffix ?? rules?.suffix,
    trust: rules?.trust
  }
}

/**
 * The notification, whose constructor knows the rules of its push type. `topic` is the whole topic of a Wallet pass or a
 * website. Fails where the payload breaks a rule; the findings tell which.
 */
export const notificationOf = (
  kind: Kind,
  payload: JsonObject,
  envelope: Envelope,
  topic: string
): Result.Result<Value, Schema.SchemaError> => {
  switch (kind) {
    case "alert":
      return decoded(withAps.alert, payload, ({ aps, data }) =>
        Notification.alert({ ...of<"alert">(envelope), ...aps, data })
      )
    case "background":
      return decoded(withAps.background, payload, ({ aps: { extra }, data }) =>
        Notification.background({ ...of<"background">(envelope), extra, data })
      )
    case "controls":
      return decoded(withAps.reload, payload, ({ aps: { extra }, data }) =>
        Notification.controls({ ...of<"controls">(envelope), extra, data })
      )
    case "widgets":
      return decoded(withAps.reload, payload, ({ aps: { extra }, data }) =>
        Notification.widgets({ ...of<"widgets">(envelope), extra, data })
      )
    case "voip":
      return Result.succeed(Notification.voip({ ...of<"voip">(envelope), data: payload }))
    case "complication":
      return Result.succeed(Notification.complication({ ...of<"complication">(envelope), data: payload }))
    case "location":
      return Result.succeed(Notification.location({ ...of<"location">(envelope), data: payload }))
    case "pushtotalk":
      return Result.succeed(Notification.pushToTalk({ ...of<"pushtotalk">(envelope), data: payload }))
    case "fileprovider":
      return decoded(Payload.FileProvider, payload, (content) =>
        Notification.fileProvider({ ...of<"fileprovider">(envelope), ...content })
      )
    case "mdm":
      return decoded(Payload.Mdm, payload, ({ pushMagic }) => Notification.mdm({ ...of<"mdm">(envelope), pushMagic }))
    case "safari":
      return decoded(websitePayload, payload, ({ aps }) =>
        Notification.safariWebsite({ ...envelope, ...aps, websitePushId: topic })
      )
    case "wallet":
      return Result.succeed(Notification.walletPass({ ...envelope, passTypeId: topic }))
    case "liveactivity":
      // Its content is checked by now; what is left of its rules is the topic.
      return Result.succeed(uncheckedNotification(headerOf(kind) ?? kind, payload, envelope))
  }
}
