/**
 * Dead tokens in memory, bounded, and how `send` asks them without an Effect.
 */
import type { Dead, DeadTokens, Destination } from "../DeadTokens.ts"

interface Entry {
  readonly environment: string
  readonly topic: string
  readonly dead: Dead
}

/** Tokens are hexadecimal, and so the same in either case; those of constructors are lower case nearly always. */
const keyOf = ({ device }: Destination) => device.toLowerCase()

const isAt =
  ({ environment, topic }: Destination) =>
  (entry: Entry) =>
    entry.environment === environment && entry.topic === topic

export class DeadRegister {
  private readonly capacity: number
  /** By device, the longest unchanged first. One device has an entry for each environment and topic it is dead for. */
  private readonly entries = new Map<string, ReadonlyArray<Entry>>()
  /** Stays where it is between two evictions: a new one would have to pass over all that was deleted. */
  private readonly oldest = this.entries.entries()
  private readonly tell: (at: Destination, dead: Dead) => void
  private size = 0

  constructor(capacity: number, tell: (at: Destination, dead: Dead) => void) {
    this.capacity = capacity
    this.tell = tell
  }

  find(at: Destination): Dead | undefined {
    if (this.size === 0) return undefined
    return this.entries.get(keyOf(at))?.find(isAt(at))?.dead
  }

  /** Of two deaths the later one holds, in whichever order they are told. */
  record(at: Destination, dead: Dead): void {
    // A copy: a token that was cut out of a long text would keep all of it in memory.
    const key = Buffer.from(keyOf(at), "latin1").toString("latin1")
    const known = this.entries.get(key) ?? []
    const here = known.find(isAt(at))
    if (here !== undefined && !isLater(dead, here.dead)) return
    const entry = { environment: at.environment, topic: at.topic, dead }
    const others = known.filter((other) => other !== here)
    this.entries.delete(key)
    this.entries.set(key, [...others, entry])
    this.size += 1 + others.length - known.length
    if (!(this.size <= this.capacity)) this.evict()
    this.tell(at, dead)
  }

  private evict(): void {
    const { done, value } = this.oldest.next()
    if (done === true) return
    const [device, [, ...rest]] = value
    this.size--
    this.entries.delete(device)
    if (rest.length > 0) this.entries.set(device, rest)
  }
}

export const isLater = (dead: Dead, known: Dead): boolean =>
  dead.since.epochMilliseconds > known.since.epochMilliseconds

const registers = new WeakMap<DeadTokens["Service"], DeadRegister>()

/** A service, with the way to its register that takes no Effect. */
export const withRegister = (service: DeadTokens["Service"], register: DeadRegister): DeadTokens["Service"] => {
  registers.set(service, register)
  return service
}

/** The register of a service that has one in memory. */
export const registerOf = (service: DeadTokens["Service"]): DeadRegister | undefined => registers.get(service)
