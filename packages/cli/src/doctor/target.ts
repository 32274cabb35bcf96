/** What is diagnosed: the server, the way to it, and how long a step may take. */
import type { Credentials } from "effect-apns/Credentials"
import type { Address, Environment } from "effect-apns/Environment"
import type { ProxyAddress } from "effect-apns/Proxy"

/** A port beside the one in use, of which it is good to know whether it is open. */
export interface OtherPort {
  readonly check: "alternativePort" | "managementPort"
  readonly address: Address
}

export interface NamedProxy {
  readonly variable: string
  readonly proxy: ProxyAddress
}

export interface Target {
  readonly environment: Environment
  readonly address: Address
  readonly others: ReadonlyArray<OtherPort>
  readonly proxy: NamedProxy | undefined
  /** The variable that names a proxy which is not for this server. */
  readonly exemptFrom: string | undefined
  /** Absent where they cannot be used. */
  readonly credentials: Credentials | undefined
  readonly topic: string | undefined
  /** The file of the authority that is trusted instead of the runtime's. */
  readonly caFile: string | undefined
  readonly timeoutMillis: number
}

/** Whether it is one of Apple's servers, and not one of the user's own. */
export const isApple = ({ environment }: Target): boolean => typeof environment === "string"
