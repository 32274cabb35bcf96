/**
 * What the simulator can be told.
 *
 * @since 0.1.0
 */
import type { NewChannel } from "./Channel.ts"
import type { Environment, ProviderKey } from "./Credentials.ts"
import type { Device } from "./Device.ts"
import type { Reason } from "./Reasons.ts"
import type { Received } from "./Received.ts"
import type { Fault, Scenario } from "./Scenario.ts"

/**
 * Options of the simulator's layer. All are optional.
 *
 * @category models
 * @since 0.1.0
 */
export interface SimulatorOptions {
  /**
   * Address to listen on. Default `"127.0.0.1"`. Any other than a loopback address is warned of in the log: the simulator
   * trusts whoever reaches it.
   */
  readonly host?: string | undefined
  /** Names and addresses the server's certificate covers beside 127.0.0.1, ::1 and localhost. Default none. */
  readonly hostnames?: ReadonlyArray<string> | undefined
  /**
   * Directory of the certificate authority: `ca.pem`, to be trusted by clients, and `ca-key.pem`, which only its owner may
   * read; and of the simulator's own provider key, a .p8 file. All are made when they are missing. Default: an authority and
   * a key that live as long as the process.
   */
  readonly caDirectory?: string | undefined
  /** Port to listen on. Default 0: one the system chooses. */
  readonly port?: number | undefined
  /** Port of channel management, which APNs serves on ports of its own. Default 0: one the system chooses. */
  readonly managementPort?: number | undefined
  /**
   * Which APNs this is. Decides which keys and certificates are accepted, and whether a success carries
   * `apns-unique-id` (sandbox only). Default `"sandbox"`.
   */
  readonly environment?: Environment | undefined
  /**
   * Which credentials count. `"token"`: client certificates are not asked for. `"certificate"`: the `authorization`
   * header is ignored and a connection without a certificate is answered `MissingProviderToken`. `"both"` (default): a
   * connection with a client certificate ignores the header, any other needs it.
   */
  readonly trust?: "token" | "certificate" | "both" | undefined
  /** PEM of the CA that client certificates must chain to; others are answered `BadCertificate`. Default: any chain. */
  readonly clientCa?: string | undefined
  /** Keys to register beside the simulator's own. */
  readonly keys?: ReadonlyArray<ProviderKey> | undefined
  /** What a well-formed token that was never registered gets: 200 (`"accept"`, default) or `BadDeviceToken`. */
  readonly unknownDevices?: "accept" | "reject" | undefined
  /** SETTINGS_MAX_CONCURRENT_STREAMS before the first accepted token. Default 1, as Apple states. */
  readonly initialMaxConcurrentStreams?: number | undefined
  /** The limit after it, and at once for an accepted client certificate. Default 1000, a value seen from APNs. */
  readonly maxConcurrentStreams?: number | undefined
  /**
   * The limit sent after a 4xx answer, until the next success. Default: unchanged. Set 1 for what was seen from APNs and
   * is warned of in Apple, "Handling notification responses from APNs".
   */
  readonly maxConcurrentStreamsAfterRejection?: number | undefined
  /**
   * What a stream above the limit gets: RST_STREAM with REFUSED_STREAM (`"refuse"`, default), or GOAWAY with
   * REFUSED_STREAM and a debug text (`"goAway"`), as seen from APNs.
   */
  readonly excessStreams?: "refuse" | "goAway" | undefined
  /**
   * The reason for a key of the other environment. Default `"BadEnvironmentKeyInToken"`, the spelling seen on the wire;
   * Apple's page has the other.
   */
  readonly environmentReason?: "BadEnvironmentKeyInToken" | "BadEnvironmentKeyIdInToken" | undefined
  /**
   * Where tokens are counted for `TooManyProviderTokenUpdates`: for each key per connection (default), for each key over
   * all connections, or for all keys of a team together. Apple's pages do not say which; its engineers say that keys of
   * one team are not told apart. `"none"`: they are not counted, for a test in which every expired token stands for an
   * hour that has passed.
   */
  readonly tokenUpdateScope?: "connection" | "key" | "team" | "none" | undefined
  /**
   * Whether a connection that got `TooManyProviderTokenUpdates` gets it for the next 20 minutes, whatever token it brings.
   * Default false: Apple's engineers say that such a connection cannot be used for a while, its pages do not.
   */
  readonly tokenUpdatesLockConnection?: boolean | undefined
  /**
   * Whether a provider token may be signed in the DER form beside that of RFC 7518. Default true: APNs evidently takes
   * both, and never says so.
   */
  readonly acceptDerSignatures?: boolean | undefined
  /**
   * How a client certificate is refused: in the answer to each request (`"answer"`, default, as Apple documents), or by
   * GOAWAY with last stream id 0 as soon as the connection is made (`"goAway"`), which is seen, too.
   */
  readonly certificateRefusal?: "answer" | "goAway" | undefined
  /** At most `perDevice` accepted pushes to one token within `windowMillis`; more are `TooManyRequests`. Default off. */
  readonly rateLimit?: { readonly perDevice: number; readonly windowMillis: number } | undefined
  /**
   * At most `perApp` broadcasts and requests to channel management of one app within `windowMillis`; more are
   * `TooManyRequests`. Default off.
   */
  readonly appRateLimit?: { readonly perApp: number; readonly windowMillis: number } | undefined
  /**
   * How long a stream may go without the end of its body until it is answered `IdleTimeout`. Default off: Apple does not
   * say when it comes.
   */
  readonly idleTimeoutMillis?: number | undefined
  /**
   * Errors (status 400 and above, 410 excepted) on one connection until the server says GOAWAY with the last reason and
   * closes. Default off.
   */
  readonly disconnectAfterErrors?: number | undefined
  /** The same for `BadDeviceToken` alone. Default a quarter of `disconnectAfterErrors`, rounded up. */
  readonly disconnectAfterBadDeviceTokens?: number | undefined
  /** Only errors that are no older than that count for both. Default: all of them. Apple says nothing of it. */
  readonly disconnectWindowMillis?: number | undefined
  /**
   * Whether `background` with priority 10 is answered `BadPriority`. Default true. Apple calls it an error and names no
   * reason (inferred).
   */
  readonly rejectBackgroundPriority10?: boolean | undefined
  /**
   * Whether a topic without its push type's suffix (`.voip`, `.push-type.liveactivity`, …), or one of an `mdm` push that
   * does not begin with `com.apple.mgmt.`, is answered `BadTopic`. Default true. The topics are Apple's, the reason is
   * inferred.
   */
  readonly checkTopicSuffix?: boolean | undefined
  /**
   * Whether a push for a Wallet pass (`pass.…`) or a website in Safari (`web.…`) is answered `BadDeviceToken` in the
   * sandbox: Apple has them in production only. Default false, as a bundle ID may begin alike; the reason is inferred.
   */
  readonly checkProductionOnlyTopics?: boolean | undefined
  /**
   * Which push types a kind of credential may send; the others are answered `TopicDisallowed` (inferred: Apple names no
   * reason). A certificate must list the topic.
   *
   * - `"documented"` (default): `location` and `fileprovider` need a token, `mdm` needs a certificate. For `liveactivity`,
   *   `controls` and `widgets`, where Apple does not say or contradicts itself, a certificate of the app will do.
   * - `"strict"`: these three need a token, too.
   * - `"any"`: both kinds may send everything, a certificate of the app also `location` and `fileprovider`.
   */
  readonly credentialKinds?: "documented" | "strict" | "any" | undefined
  /**
   * The reason for a body that is no JSON object or does not suit its push type: a `background` push with an alert, a
   * `widgets` push without `content-changed`, a Live Activity's start without attributes, an `mdm` push with `aps`, ….
   * Default: such a push is accepted. Apple says that APNs may refuse, delay or drop it, and names no reason.
   */
  readonly payloadMismatchReason?: Reason | undefined
  /**
   * Bundle IDs of the apps with the broadcast capability; the others are answered `FeatureNotEnabled`. Default: every
   * app.
   */
  readonly broadcastApps?: ReadonlyArray<string> | undefined
  /** How many channels an app may have; one more is answered `CannotCreateChannelConfig`. Default 10,000, as at Apple. */
  readonly maxChannels?: number | undefined
  /**
   * The reason for a channel without a storage policy of 0 or 1. Default `"MissingChannelQueueSize"`, which is seen on the
   * wire and in no table of Apple's; the table has the other.
   */
  readonly storagePolicyReason?: "MissingChannelQueueSize" | "BadRequestPayload" | undefined
  /**
   * Whether a broadcast that is no update or end of a Live Activity (`event`, `timestamp`, and `content-state` for an
   * update) is answered `BadRequestPayload`. Default true. The fields are Apple's, how far APNs looks is not documented.
   */
  readonly checkBroadcastPayload?: boolean | undefined
  /**
   * SQLite file that keeps received requests, devices, scenarios and channels from one run to the next; made when it is missing.
   * What happened in the last twentieth of a second before a process is killed may be lost. Default: memory only.
   */
  readonly data?: string | undefined
  /** How many of the newest received requests are kept. Default 100,000. */
  readonly keep?: number | undefined
  /** How much memory their text may take, about, in bytes: the oldest go first. Default 256 MiB. */
  readonly keepBytes?: number | undefined
  /** The id of the first request received; default 1. For an inbox that goes on where an earlier one ended. */
  readonly firstId?: number | undefined
  /** Devices registered from the beginning. */
  readonly devices?: ReadonlyArray<Device> | undefined
  /** Channels made at the beginning. */
  readonly channels?: ReadonlyArray<NewChannel> | undefined
  /** Scenarios added at the beginning. */
  readonly scenarios?: ReadonlyArray<Scenario> | undefined
  /** Faults injected at the beginning. */
  readonly faults?: ReadonlyArray<Fault> | undefined
  /**
   * Called once for every received request, when it is known what becomes of its answer; for programs that count more
   * requests than are kept. `processed` says whether the request had its effect: the rules accepted it and no fault kept
   * it from it, although a fault may have kept its answer. Default: nobody is told.
   */
  readonly onSettled?: ((received: Received, processed: boolean) => void) | undefined
}
