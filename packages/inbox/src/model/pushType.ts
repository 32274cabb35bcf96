/** What the inbox calls each push type (Apple, "Sending notification requests to APNs"). */

export interface PushTypeFacts {
  /** What a person calls it. */
  readonly label: string
  /** What the topic adds to the bundle ID. */
  readonly suffix: string
  /** What the push does, of one that shows nothing by itself. */
  readonly does: string | undefined
}

const facts = (label: string, suffix = "", does?: string): PushTypeFacts => ({ label, suffix, does })

const table = new Map([
  ["alert", facts("Alert")],
  ["background", facts("Background", "", "Wakes the app")],
  ["broadcast", facts("Broadcast")],
  ["channels", facts("Channels", "", "Manages channels")],
  ["complication", facts("Complication", ".complication", "Feeds a watch face")],
  ["controls", facts("Controls", ".push-type.controls", "Reloads controls")],
  ["fileprovider", facts("File Provider", ".pushkit.fileprovider", "Signals changed files")],
  ["liveactivity", facts("Live Activity", ".push-type.liveactivity")],
  ["location", facts("Location", ".location-query", "Asks for the location")],
  ["mdm", facts("MDM", "", "Calls the device to its MDM server")],
  ["other", facts("Other", "", "Is no push")],
  ["pushtotalk", facts("Push to Talk", ".voip-ptt", "Starts Push to Talk")],
  ["voip", facts("VoIP", ".voip", "Rings through CallKit")],
  ["widgets", facts("Widgets", ".push-type.widgets", "Reloads widgets")]
])

export const factsOf = (type: string): PushTypeFacts => table.get(type) ?? facts(type)

const suffixed = [...table].filter(([, { suffix }]) => suffix !== "").map(([type, { suffix }]) => ({ type, suffix }))

const ofTopic = (topic: string) => suffixed.find(({ suffix }) => topic.endsWith(suffix))

/** The push type a topic's suffix names. */
export const typeOfTopic = (topic: string): string | undefined => ofTopic(topic)?.type

/** A topic without the suffix of its push type. */
export const bundleIdOf = (topic: string): string => topic.slice(0, topic.length - (ofTopic(topic)?.suffix.length ?? 0))
