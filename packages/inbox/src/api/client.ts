/** The simulator's control API as the page uses it. Its types are the simulator's own, so that the two cannot drift apart. */
import type { Channel, NewChannel } from "@effect-apns/simulator/Channel"
import type { ConnectionInfo } from "@effect-apns/simulator/ConnectionInfo"
import type {
  ClockState,
  Info,
  ReceivedDetail,
  ReceivedFilter,
  ReceivedPage,
  ScenarioInput,
  Stats
} from "@effect-apns/simulator/ControlModel"
import type { Device, DeviceInfo } from "@effect-apns/simulator/Device"
import type { ScenarioInfo } from "@effect-apns/simulator/Scenario"
import type { ClockChange } from "@effect-apns/simulator/SimulatorClock"

export type ExportForm = "curl" | "apns" | "typescript"

export interface PageQuery extends ReceivedFilter {
  readonly before?: number
  readonly limit?: number
}

export interface InboxApi {
  readonly info: () => Promise<Info>
  readonly stats: () => Promise<Stats>
  readonly received: (query: PageQuery, signal?: AbortSignal) => Promise<ReceivedPage>
  readonly detail: (id: number) => Promise<ReceivedDetail>
  readonly clear: () => Promise<void>
  readonly replay: (id: number) => Promise<ReceivedDetail>
  readonly exported: (id: number, as: ExportForm) => Promise<string>
  readonly devices: () => Promise<ReadonlyArray<DeviceInfo>>
  readonly registerDevice: (device: Device) => Promise<DeviceInfo>
  readonly removeDevice: (token: string) => Promise<void>
  readonly scenarios: () => Promise<ReadonlyArray<ScenarioInfo>>
  readonly putScenario: (id: string, scenario: ScenarioInput) => Promise<ScenarioInfo>
  readonly switchScenario: (id: string, enabled: boolean) => Promise<ScenarioInfo>
  readonly removeScenario: (id: string) => Promise<void>
  readonly channels: () => Promise<ReadonlyArray<Channel>>
  readonly createChannel: (channel: NewChannel) => Promise<Channel>
  readonly connections: () => Promise<ReadonlyArray<ConnectionInfo>>
  readonly goAway: (connection: number | undefined, debugData: string | undefined) => Promise<void>
  readonly disconnect: (connection: number | undefined) => Promise<void>
  readonly clock: () => Promise<ClockState>
  readonly moveClock: (change: ClockChange) => Promise<ClockState>
}

/** The API said no, or could not be reached. The message is for the reader of the page. */
export class ApiError extends Error {
  override readonly name = "ApiError"
}

/** The `message` of the API's own errors, or the `detail` or `title` of problem details (RFC 9457). */
const problemOf = (status: number, body: string): string => {
  try {
    const problem: unknown = JSON.parse(body)
    if (typeof problem === "object" && problem !== null) {
      for (const key of ["message", "detail", "title"]) {
        const text = Object.getOwnPropertyDescriptor(problem, key)?.value
        if (typeof text === "string" && text !== "") return text
      }
    }
  } catch {
    // Said below.
  }
  return `The simulator answered ${status}.`
}

const queryOf = (query: PageQuery): string => {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
  const text = parameters.toString()
  return text === "" ? "" : `?${text}`
}

export const makeClient = (base: string): InboxApi => {
  const request = async (method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<string> => {
    let response: Response
    try {
      response = await fetch(`${base}/api${path}`, {
        method,
        signal: signal ?? null,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) })
      })
    } catch (cause) {
      if (signal?.aborted === true) throw cause
      throw new ApiError("The simulator cannot be reached. Is it still running?", { cause })
    }
    const text = await response.text()
    if (!response.ok) throw new ApiError(problemOf(response.status, text))
    return text
  }
  // The simulator encodes its answers with the schemas these types come from.
  const json = async <A>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<A> =>
    JSON.parse(await request(method, path, body, signal)) as A
  const done = async (method: string, path: string, body?: unknown): Promise<void> => {
    await request(method, path, body)
  }
  const only = (connection: number | undefined) => (connection === undefined ? {} : { connection })
  const part = encodeURIComponent

  return {
    info: () => json("GET", "/info"),
    stats: () => json("GET", "/stats"),
    received: (query, signal) => json("GET", `/received${queryOf(query)}`, undefined, signal),
    detail: (id) => json("GET", `/received/${id}`),
    clear: () => done("DELETE", "/received"),
    replay: (id) => json("POST", `/received/${id}/replay`, {}),
    exported: (id, as) => request("GET", `/received/${id}/export?as=${as}`),
    devices: () => json("GET", "/devices"),
    registerDevice: (device) => json("POST", "/devices", device),
    removeDevice: (token) => done("DELETE", `/devices/${part(token)}`),
    scenarios: () => json("GET", "/scenarios"),
    putScenario: (id, scenario) => json("PUT", `/scenarios/${part(id)}`, scenario),
    switchScenario: (id, enabled) => json("PATCH", `/scenarios/${part(id)}`, { enabled }),
    removeScenario: (id) => done("DELETE", `/scenarios/${part(id)}`),
    channels: () => json("GET", "/channels"),
    createChannel: (channel) => json("POST", "/channels", channel),
    connections: () => json("GET", "/connections"),
    goAway: (connection, debugData) =>
      done("POST", "/connections/go-away", { ...only(connection), ...(debugData === undefined ? {} : { debugData }) }),
    disconnect: (connection) => done("POST", "/connections/disconnect", only(connection)),
    clock: () => json("GET", "/clock"),
    moveClock: (change) => json("POST", "/clock", change)
  }
}
