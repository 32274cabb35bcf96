/** What to write where a payload is wrong, by key. The rules are the library's; these are words about them. */

interface Advice {
  readonly cure: string
  /** The Apple page that has the rule. */
  readonly source: string
}

const generating = "Generating a remote notification"
const liveActivities = "Starting and updating Live Activities with ActivityKit push notifications"

const of = (source: string, cures: Readonly<Record<string, string>>): ReadonlyArray<readonly [string, Advice]> =>
  Object.entries(cures).map(([key, cure]) => [key, { cure, source }])

/** Every key of `aps` that has a meaning, and those of the payloads that have none. */
const advice: ReadonlyMap<string, Advice> = new Map([
  ...of(generating, {
    aps: 'Give an object: {"aps": {"alert": "Hello"}}.',
    "aps.alert": 'Give text, or an object such as {"title": "Hello", "body": "World"}.',
    "aps.alert.title": "Give text.",
    "aps.alert.subtitle": "Give text.",
    "aps.alert.body": "Give text.",
    "aps.alert.launch-image": "Give the name of a launch storyboard of the app.",
    "aps.alert.title-loc-key": "Give a key of the app's Localizable.strings.",
    "aps.alert.title-loc-args": "Give an array of texts, one for each placeholder.",
    "aps.alert.subtitle-loc-key": "Give a key of the app's Localizable.strings.",
    "aps.alert.subtitle-loc-args": "Give an array of texts, one for each placeholder.",
    "aps.alert.loc-key": "Give a key of the app's Localizable.strings.",
    "aps.alert.loc-args": "Give an array of texts, one for each placeholder.",
    "aps.alert.action": "Give the text of the button.",
    "aps.alert.action-loc-key": "Give a key of the app's Localizable.strings.",
    "aps.alert.summary-arg": "Give text.",
    "aps.alert.summary-arg-count": "Give a whole number.",
    "aps.badge": "Give a whole number, without quotes; 0 removes the badge.",
    "aps.sound": 'Give the name of a sound file of the app, "default", or an object with a "name".',
    "aps.sound.name": 'Give the name of a sound file of the app, or "default".',
    "aps.sound.critical": "Give the number 1, or leave it out.",
    "aps.sound.volume": "Give a number from 0 (silent) to 1 (full).",
    "aps.thread-id": "Give text: notifications that have the same are shown together.",
    "aps.category": "Give the identifier of a category that the app has registered.",
    "aps.content-available": "Give the number 1: neither true nor text.",
    "aps.mutable-content": "Give the number 1, or leave it out: neither true nor text.",
    "aps.target-content-id": "Give text: the identifier of the window to bring forward.",
    "aps.interruption-level": 'Give "passive", "active", "time-sensitive" or "critical".',
    "aps.relevance-score": "Give a number from 0 to 1.",
    "aps.filter-criteria": "Give text, which the app's Focus filter is asked about."
  }),
  ...of("Updating widgets with WidgetKit push notifications", {
    "aps.content-changed": "Give true, without quotes."
  }),
  ...of("Apple's guide to Safari push notifications", {
    "aps.url-args": "Give an array of texts, one for each placeholder of the site's URL; it may be empty."
  }),
  ...of(liveActivities, {
    "aps.event": 'Give "start", "update" or "end".',
    "aps.timestamp": "Give whole seconds since 1970: when the content was made.",
    "aps.stale-date": "Give whole seconds since 1970.",
    "aps.dismissal-date": "Give whole seconds since 1970; a past instant takes it off at once.",
    "aps.content-state": "Give an object that decodes as the app's ContentState.",
    "aps.attributes": "Give an object that decodes as the app's ActivityAttributes.",
    "aps.attributes-type": "Give the name of the app's ActivityAttributes type.",
    "aps.input-push-token": "Give the number 1, or leave it out.",
    "aps.input-push-channel": "Give the channel's id, as APNs gave it, or leave it out."
  }),
  ...of("Using push notifications to signal changes", {
    "container-identifier": "Name what has changed, such as NSFileProviderWorkingSetContainerItemIdentifier.",
    domain: "Give the identifier of the File Provider domain."
  }),
  ...of("Sending MDM commands to a device", { mdm: "Give the PushMagic that the device gave at its check-in." })
])

/** The names of `aps` and of what is in it: to find out what a misspelt one was meant to be. */
export const knownKeys: ReadonlyArray<string> = [...advice.keys()]

/** What to do about a wrong value. `aps.alert.loc-args.0` is advised as `aps.alert.loc-args`. */
export const adviceOn = (key: string): Advice | undefined => {
  const found = advice.get(key)
  const dot = key.lastIndexOf(".")
  return found ?? (/\.\d+$/.test(key) ? advice.get(key.slice(0, dot)) : undefined)
}
