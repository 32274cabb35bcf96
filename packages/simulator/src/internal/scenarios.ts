/** The scenarios and faults, and which of them applies to a request. Mutable, like the rest of the server's state. */
import type { Fault, Scenario, ScenarioInfo } from "../Scenario.ts"
import { type Random, random } from "./random.ts"
import type { ReadRequest } from "./request.ts"

/** A scenario or fault and what it has met so far. */
export class ActiveScenario {
  readonly kind: ScenarioInfo["kind"]
  scenario: Scenario
  readonly name: string
  /** Its place among all: faults before scenarios, older before newer. */
  readonly order: number
  readonly random: Random
  matched = 0
  applied = 0
  /** Matches since it was added that were not skipped. */
  #counted = 0

  constructor(kind: ScenarioInfo["kind"], scenario: Scenario, order: number) {
    this.kind = kind
    this.scenario = scenario
    this.name = scenario.name ?? scenario.id
    this.order = order
    this.random = random(scenario.seed ?? 1)
  }

  get isSpent(): boolean {
    const { times } = this.scenario
    return times !== undefined && this.applied >= times
  }

  get info(): ScenarioInfo {
    const { kind, scenario, matched, applied, isSpent } = this
    return { kind, scenario, matched, applied, spent: isSpent }
  }

  /** Counts a request that matches; `true` when it is to be applied to it. */
  takes(): boolean {
    const { skip = 0, every = 1, probability = 1 } = this.scenario
    this.matched++
    if (this.matched <= skip || this.isSpent) return false
    if (this.#counted++ % every !== 0) return false
    if (probability < 1 && this.random() >= probability) return false
    this.applied++
    return true
  }
}

/** The fields of a match that an index is kept by: the first one a match has is its place. */
const indexed = ["device", "channel", "path", "topic", "bundleId", "pushType", "method"] as const

type Indexed = (typeof indexed)[number]

const keyOf = (field: Indexed, value: string) => (field === "device" ? value.toLowerCase() : value)

const matches = ({ scenario: { match } }: ActiveScenario, request: ReadRequest): boolean =>
  match === undefined ||
  indexed.every((field) => {
    const wanted = match[field]
    const value = request[field]
    return wanted === undefined || (value !== undefined && keyOf(field, wanted) === keyOf(field, value))
  })

// Scenarios come after every fault.
const scenarioOrder = 2 ** 40

/**
 * Finding the one that applies takes a look-up for each field in use, however many there are: each value of a field has a
 * list, and what matches everything has one.
 */
export class ScenarioStore {
  readonly #all = new Map<string, ActiveScenario>()
  readonly #lists = new Map<Indexed, Map<string, Array<ActiveScenario>>>()
  readonly #general: Array<ActiveScenario> = []
  #added = 0

  get isEmpty(): boolean {
    return this.#all.size === 0
  }

  /** In the order in which they apply. */
  get infos(): ReadonlyArray<ScenarioInfo> {
    return [...this.#all.values()].sort((a, b) => a.order - b.order).map(({ info }) => info)
  }

  get(id: string): ActiveScenario | undefined {
    return this.#all.get(id)
  }

  /** Adds a scenario, in the place of the one with its id. */
  add(scenario: Scenario): ActiveScenario {
    const order = this.#all.get(scenario.id)?.order ?? scenarioOrder + this.#added++
    return this.#insert(new ActiveScenario("scenario", scenario, order))
  }

  /** Adds a fault; `undefined` for one that is to be applied to no request. */
  inject(fault: Fault): ActiveScenario | undefined {
    if (fault.times === 0) return undefined
    const order = this.#added++
    return this.#insert(
      new ActiveScenario("fault", { ...fault, times: fault.times ?? 1, id: `fault-${order + 1}` }, order)
    )
  }

  /** Switches one on or off; its counts and what it drew go on. */
  setEnabled(id: string, enabled: boolean): ActiveScenario | undefined {
    const found = this.#all.get(id)
    if (found === undefined) return undefined
    this.remove(id)
    found.scenario = { ...found.scenario, enabled }
    return this.#insert(found)
  }

  remove(id: string): boolean {
    const found = this.#all.get(id)
    if (found === undefined) return false
    this.#all.delete(id)
    const list = this.#listOf(found)
    const index = list.indexOf(found)
    if (index >= 0) list.splice(index, 1)
    if (list.length === 0) this.#forgetList(found)
    return true
  }

  /** Removes all of a kind, or all; gives their ids. */
  clear(kind?: ScenarioInfo["kind"]): ReadonlyArray<string> {
    const ids = [...this.#all.values()].filter((one) => kind === undefined || one.kind === kind)
    return ids.map(({ scenario: { id } }) => id).filter((id) => this.remove(id))
  }

  /** The one that applies to a request. A fault that is spent by it is removed. */
  take(request: ReadRequest): ActiveScenario | undefined {
    const lists = this.#listsFor(request)
    const places = lists.map(() => 0)
    for (;;) {
      let lowest: ActiveScenario | undefined
      let at = 0
      for (const [index, list] of lists.entries()) {
        const one = list[places[index] ?? 0]
        if (one === undefined || (lowest !== undefined && lowest.order < one.order)) continue
        lowest = one
        at = index
      }
      if (lowest === undefined) return undefined
      places[at] = (places[at] ?? 0) + 1
      if (!matches(lowest, request) || !lowest.takes()) continue
      if (lowest.kind === "fault" && lowest.isSpent) this.remove(lowest.scenario.id)
      return lowest
    }
  }

  /** The lists that hold all that may match; each is in order. */
  #listsFor(request: ReadRequest): ReadonlyArray<ReadonlyArray<ActiveScenario>> {
    const found: Array<ReadonlyArray<ActiveScenario>> = []
    if (this.#general.length > 0) found.push(this.#general)
    for (const [field, lists] of this.#lists) {
      const value = request[field]
      const list = value === undefined ? undefined : lists.get(keyOf(field, value))
      if (list !== undefined) found.push(list)
    }
    return found
  }

  #insert(one: ActiveScenario): ActiveScenario {
    const { id, enabled = true } = one.scenario
    this.remove(id)
    this.#all.set(id, one)
    if (!enabled || one.isSpent) return one
    const list = this.#listOf(one)
    const place = list.findIndex(({ order }) => order > one.order)
    list.splice(place < 0 ? list.length : place, 0, one)
    return one
  }

  #forgetList({ scenario: { match = {} } }: ActiveScenario): void {
    const field = indexed.find((name) => match[name] !== undefined)
    const value = field && match[field]
    if (field === undefined || value === undefined) return
    const lists = this.#lists.get(field)
    lists?.delete(keyOf(field, value))
    if (lists?.size === 0) this.#lists.delete(field)
  }

  #listOf({ scenario: { match = {} } }: ActiveScenario): Array<ActiveScenario> {
    for (const field of indexed) {
      const value = match[field]
      if (value === undefined) continue
      const lists = this.#lists.get(field) ?? new Map<string, Array<ActiveScenario>>()
      this.#lists.set(field, lists)
      const key = keyOf(field, value)
      const list = lists.get(key) ?? []
      lists.set(key, list)
      return list
    }
    return this.#general
  }
}
