/**
 * Every rejection reason Apple documents or is seen to send, with the HTTP status that carries it. The table belongs to
 * the simulator alone: no client shares it, so that a mistake in a client's table cannot hide here.
 *
 * @since 0.1.0
 */

/**
 * Reason → HTTP status, for device pushes, broadcast pushes and channel management.
 *
 * **When to use**
 *
 * Use to drive a test over every reason, or to look up what a `reject` fault answers by default.
 *
 * **Details**
 *
 * Sources: Apple, "Handling notification responses from APNs", and Apple, "Handling error responses from Apple Push
 * Notification service" for broadcasts and channels. `BadEnvironmentKeyInToken` is the spelling seen on the wire beside
 * the documented `BadEnvironmentKeyIdInToken`; `MissingChannelQueueSize` is seen but not documented. For broadcasts and
 * channels Apple prints `ServiceUnavailable` with a space, perhaps by a slip.
 *
 * @category models
 * @since 0.1.0
 */
export const Reasons = {
  BadCollapseId: 400,
  BadDeviceToken: 400,
  BadExpirationDate: 400,
  BadMessageId: 400,
  BadPriority: 400,
  BadTopic: 400,
  DeviceTokenNotForTopic: 400,
  DuplicateHeaders: 400,
  IdleTimeout: 400,
  InvalidPushType: 400,
  MissingDeviceToken: 400,
  MissingTopic: 400,
  PayloadEmpty: 400,
  TopicDisallowed: 400,
  BadCertificate: 403,
  BadCertificateEnvironment: 403,
  ExpiredProviderToken: 403,
  Forbidden: 403,
  InvalidProviderToken: 403,
  MissingProviderToken: 403,
  UnrelatedKeyIdInToken: 403,
  BadEnvironmentKeyIdInToken: 403,
  BadEnvironmentKeyInToken: 403,
  BadPath: 404,
  MethodNotAllowed: 405,
  ExpiredToken: 410,
  Unregistered: 410,
  PayloadTooLarge: 413,
  TooManyProviderTokenUpdates: 429,
  TooManyRequests: 429,
  InternalServerError: 500,
  ServiceUnavailable: 503,
  Shutdown: 503,
  // Broadcasts and channels only.
  FeatureNotEnabled: 400,
  MissingChannelId: 400,
  BadChannelId: 400,
  ChannelNotRegistered: 400,
  CannotCreateChannelConfig: 400,
  BadRequestParams: 400,
  BadRequestPayload: 400,
  MissingPushType: 400,
  MissingChannelQueueSize: 400,
  TopicMismatch: 403,
  "Service Unavailable": 503
} as const

/**
 * A reason of the table.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = keyof typeof Reasons

/**
 * The status that carries a reason; 400 for a reason outside the table.
 *
 * @category getters
 * @since 0.1.0
 */
export const statusOf = (reason: string): number =>
  // `Object.hasOwn` keeps "constructor" and its like out of the table.
  Object.hasOwn(Reasons, reason) ? Reasons[reason as Reason] : 400
