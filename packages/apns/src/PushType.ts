/**
 * The push types of APNs and their rules, in one table: topics, priorities, credentials and sizes are derived from it.
 *
 * @since 0.1.0
 */

/**
 * `10` at once; `5` by power considerations of the device; `1` power first, never waking it (Apple, "Sending notification
 * requests to APNs").
 *
 * @category models
 * @since 0.1.0
 */
export type Priority = 1 | 5 | 10

/**
 * The rules of a push type.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rules {
  /** What is appended to the app's bundle ID to make the topic; `""` where the topic is the bundle ID. */
  readonly suffix: string
  /** The priorities it may have. Where Apple does not narrow them, all. */
  readonly priorities: ReadonlyArray<Priority>
  /** The only kind of credentials it works with, where there is one. */
  readonly trust?: "token" | "certificate" | undefined
  /** The largest body, in bytes. */
  readonly limit: number
  /** What `expiration` is when the caller says nothing: `"once"`, or APNs' own storage policy where absent. */
  readonly expiration?: "once" | undefined
  /** The Apple page that says so. */
  readonly source: string
}

/**
 * The rules of each push type, by the value of the header `apns-push-type`.
 *
 * **Details**
 *
 * A priority or a kind of credentials that Apple leaves open, or on which its pages disagree, is allowed: then APNs
 * decides. So `liveactivity`, `widgets` and `controls` may be tried with a certificate.
 *
 * **Example** (Looking up a rule)
 *
 * ```ts run
 * import { PushType } from "effect-apns"
 *
 * PushType.rules.voip.suffix // => ".voip"
 * PushType.rules.voip.limit // => 5120
 * PushType.rules.background.priorities // => [5]
 * ```
 *
 * @category rules
 * @since 0.1.0
 */
export const rules = {
  alert: {
    suffix: "",
    priorities: [10, 5, 1],
    limit: 4096,
    source: "Sending notification requests to APNs"
  },
  background: {
    suffix: "",
    priorities: [5],
    limit: 4096,
    source: "Pushing background updates to your App"
  },
  complication: {
    // Apple's page prints `h.complication`; the certificates that Apple issues say `.complication`.
    suffix: ".complication",
    priorities: [10, 5],
    limit: 4096,
    source: "Sending notification requests to APNs"
  },
  controls: {
    suffix: ".push-type.controls",
    priorities: [10, 5, 1],
    limit: 4096,
    source: "Updating controls locally and remotely"
  },
  fileprovider: {
    suffix: ".pushkit.fileprovider",
    priorities: [10, 5],
    trust: "token",
    limit: 4096,
    source: "Using push notifications to signal changes"
  },
  liveactivity: {
    suffix: ".push-type.liveactivity",
    priorities: [10, 5],
    limit: 4096,
    source: "Starting and updating Live Activities with ActivityKit push notifications"
  },
  location: {
    suffix: ".location-query",
    priorities: [10, 5],
    trust: "token",
    limit: 4096,
    source: "Creating a location push service extension"
  },
  mdm: {
    suffix: "",
    priorities: [10, 5, 1],
    trust: "certificate",
    limit: 4096,
    source: "Sending MDM commands to a device"
  },
  pushtotalk: {
    suffix: ".voip-ptt",
    priorities: [10],
    limit: 4096,
    expiration: "once",
    source: "Creating a Push to Talk app"
  },
  voip: {
    suffix: ".voip",
    priorities: [10, 5, 1],
    limit: 5120,
    expiration: "once",
    source: "Responding to VoIP Notifications from PushKit"
  },
  widgets: {
    suffix: ".push-type.widgets",
    priorities: [10, 5, 1],
    limit: 4096,
    source: "Updating widgets with WidgetKit push notifications"
  }
} as const satisfies Readonly<Record<string, Rules>>

/**
 * A push type that Apple documents: a value of the header `apns-push-type`.
 *
 * @category models
 * @since 0.1.0
 */
export type PushType = keyof typeof rules

/**
 * The priorities that a push type may have.
 *
 * @category models
 * @since 0.1.0
 */
export type PriorityOf<T extends PushType> = (typeof rules)[T]["priorities"][number]

const table: ReadonlyMap<string, Rules> = new Map(Object.entries(rules))

/**
 * The rules of a push type; `undefined` for one that Apple has added since.
 *
 * @category rules
 * @since 0.1.0
 */
export const rulesOf = (pushType: string | undefined): Rules | undefined =>
  pushType === undefined ? undefined : table.get(pushType)
