/**
 * What the types of `.apns` files and of truncation promise. Compiled by `tsc -b`, never run: each `@ts-expect-error`
 * stands next to the right form, so that neither can rot unseen.
 */
import type { Result, Schema } from "effect"
import { ApnsFile, Notification, type Reason } from "effect-apns"
import { encodeContent } from "effect-apns/PayloadSchema"

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Same<A, B>): void => {}

const device = "7a1f"
const n = Notification.alert({ device, alert: "Hello" })

// truncate

export const names = Notification.truncate(n, { fields: ["body", "subtitle", "title"], ellipsis: "" })
export const paths = Notification.truncate(n, { fields: ["body", ["data", "preview"]] })
export const later = Notification.truncate({ fields: ["body"] })(n)
same<typeof names, Notification.Notification>(true)
same<typeof later, Notification.Notification>(true)

// @ts-expect-error a text of the alert has one of three names
export const otherName = Notification.truncate(n, { fields: ["launchImage"] })

// @ts-expect-error nothing to cut is nothing to say
export const noFields = Notification.truncate(n, { fields: [] })

// @ts-expect-error a path has a key
export const emptyPath = Notification.truncate(n, { fields: [[]] })

// @ts-expect-error keys are text
export const numberInPath = Notification.truncate(n, { fields: [["list", 0]] })

// @ts-expect-error the fields are chosen by the caller
export const unchosen = Notification.truncate(n, {})

// @ts-expect-error an ellipsis is text
export const lengthForEllipsis = Notification.truncate(n, { fields: ["body"], ellipsis: 3 })

const broadcast = { channel: "c", content: n.content }
same<typeof cutBroadcast, typeof broadcast>(true)
export const cutBroadcast = Notification.truncate(broadcast, { fields: ["body"] })

// @ts-expect-error only what has a content can be cut
export const cutText = Notification.truncate("Hello", { fields: ["body"] })

// encodeContent

export const body = encodeContent(n.content, 5120, "broadcast")
same<typeof body, Result.Result<Uint8Array, Reason.InvalidNotification>>(true)

// ApnsFile

export const file = ApnsFile.read(new Uint8Array())
same<typeof file, Result.Result<ApnsFile.ApnsFile, ApnsFile.InvalidApnsFile>>(true)

const hello: ApnsFile.ApnsFile = { payload: { aps: { alert: "Hello" } } }
same<typeof hello.bundleId, string | undefined>(true)
same<typeof hello.payload.aps, Schema.JsonObject>(true)

// @ts-expect-error simctl takes no payload without aps
export const withoutAps: ApnsFile.ApnsFile = { payload: { alert: "Hello" } }

export const toDevice = ApnsFile.toNotification(hello, { device, pushType: "background", priority: 5 })
same<typeof toDevice, Result.Result<Notification.Notification, Reason.InvalidNotification>>(true)

// @ts-expect-error a notification goes to a device
export const toNobody = ApnsFile.toNotification(hello, { pushType: "alert" })

// @ts-expect-error a file holds no VoIP push
export const call = ApnsFile.toNotification(hello, { device, pushType: "voip" })

// @ts-expect-error there is no priority 7
export const priority7 = ApnsFile.toNotification(hello, { device, priority: 7 })

export const text = ApnsFile.write(n, { bundleId: "com.example.app" })
same<typeof text, Result.Result<string, Reason.InvalidNotification>>(true)

// @ts-expect-error a file is written from a notification
export const fromPayload = ApnsFile.write({ aps: {} })
