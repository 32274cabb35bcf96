/**
 * The provider keys the simulator knows, as the developer account would.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * An APNs environment.
 *
 * @category models
 * @since 0.1.0
 */
export const Environment = Schema.Literals(["sandbox", "production"])

/**
 * @category models
 * @since 0.1.0
 */
export type Environment = typeof Environment.Type

/**
 * What a key may do (Apple, "Establishing a token-based connection to APNs").
 *
 * **Details**
 *
 * - `environment`: the only environment the key works in; absent: both, as keys made before environment scoping.
 * - `topics`: bundle IDs of a topic-specific key; their suffixed topics (`.voip`, …) are included. Absent: a team-scoped
 *   key, good for every topic.
 * - `relatedTo`: id of the one key that may share a connection with this topic-specific key; either side may name it.
 *
 * @category models
 * @since 0.1.0
 */
export const KeyScope = Schema.Struct({
  environment: Schema.optional(Environment),
  topics: Schema.optional(Schema.Array(Schema.String)),
  relatedTo: Schema.optional(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type KeyScope = typeof KeyScope.Type

/**
 * A provider key to register.
 *
 * **Details**
 *
 * - `pem`: the public key, or the private key (the text of a .p8 file), of a P-256 pair in PEM. Only the public half is
 *   kept.
 * - `revoked`: every token of the key is answered `403 InvalidProviderToken`; default false.
 *
 * Registering a `keyId` again replaces the key.
 *
 * @category models
 * @since 0.1.0
 */
export const ProviderKey = Schema.Struct({
  teamId: Schema.String,
  keyId: Schema.String,
  pem: Schema.String,
  scope: Schema.optional(KeyScope),
  revoked: Schema.optional(Schema.Boolean)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ProviderKey = typeof ProviderKey.Type
