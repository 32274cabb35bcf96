/**
 * The flags of the simulator as a command. In a module of their own, for a larger program that has the simulator as one of its
 * commands loads the simulator itself only when that is called.
 *
 * @since 0.1.0
 */
import * as Flag from "effect/cli/Flag"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const described = <A>(flag: Flag.Flag<A>, text: string) => flag.pipe(Flag.withDescription(text), Flag.optional)
const port = (name: string, text: string) =>
  described(
    Flag.Int(name).pipe(Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 })))),
    text
  )

/**
 * The flags.
 *
 * @category configuration
 * @since 0.1.0
 */
export const simulatorFlags = {
  host: described(Flag.String("host"), "Address to listen on (127.0.0.1)"),
  port: port("port", "Port for pushes and broadcasts (2197); 0 takes a free one"),
  managementPort: port("management-port", "Port for channel management (2195, production 2196)"),
  inboxPort: port("inbox-port", "Port of the web inbox and the control API (8197)"),
  environment: described(Flag.Literals("environment", ["sandbox", "production"]), "Which APNs to be (sandbox)"),
  unknownDevices: described(
    Flag.Literals("unknown-devices", ["accept", "reject"]),
    "What to do with tokens nobody registered (accept)"
  ),
  data: described(Flag.String("data"), "SQLite file that keeps the inbox (memory)"),
  keep: described(
    Flag.Int("keep").pipe(Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000_000 })))),
    "How many received requests to keep (100000)"
  ),
  caDir: described(Flag.String("ca-dir"), "Directory of the certificates and the key (~/.apns-simulator)"),
  scenario: Flag.String("scenario").pipe(
    Flag.withDescription("JSON file with scenarios; may be given several times"),
    Flag.atLeast(0)
  )
}

/**
 * What the flags were given.
 *
 * @category models
 * @since 0.1.0
 */
export interface SimulatorFlags {
  readonly host: Option.Option<string>
  readonly port: Option.Option<number>
  readonly managementPort: Option.Option<number>
  readonly inboxPort: Option.Option<number>
  readonly environment: Option.Option<"sandbox" | "production">
  readonly unknownDevices: Option.Option<"accept" | "reject">
  readonly data: Option.Option<string>
  readonly keep: Option.Option<number>
  readonly caDir: Option.Option<string>
  readonly scenario: ReadonlyArray<string>
}
