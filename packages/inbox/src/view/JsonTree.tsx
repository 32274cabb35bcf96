/**
 * JSON to look through. Everything is a text node: what a payload holds is never read as markup. The browser's own
 * `details` folds, with the keyboard too.
 */
import { useState } from "preact/hooks"
import { isArray, isObject, type Json } from "../model/json.ts"

/** More members than this are drawn when they are asked for. */
const firstMembers = 100

const Scalar = ({ value }: { readonly value: null | boolean | number | string }) => {
  const kind = value === null ? "null" : typeof value
  return <span class={`json-${kind}`}>{kind === "string" ? <bdi>{JSON.stringify(value)}</bdi> : String(value)}</span>
}

const Key = ({ name }: { readonly name: string | undefined }) =>
  name === undefined ? null : (
    <>
      <span class="json-key">
        <bdi>{JSON.stringify(name)}</bdi>
      </span>
      <span class="json-mark">: </span>
    </>
  )

interface NodeProps {
  readonly name: string | undefined
  readonly value: Json
  readonly last: boolean
  readonly depth: number
}

const Branch = ({ name, value, last, depth }: NodeProps) => {
  const [all, setAll] = useState(false)
  const list = isArray(value)
  const members: ReadonlyArray<readonly [string | undefined, Json]> = list
    ? value.map((item) => [undefined, item] as const)
    : Object.entries(isObject(value) ? value : {})
  const [open, close] = list ? ["[", "]"] : ["{", "}"]
  const shown = all ? members : members.slice(0, firstMembers)
  if (members.length === 0) {
    return (
      <div class="json-line">
        <Key name={name} />
        <span class="json-mark">
          {open}
          {close}
          {last ? "" : ","}
        </span>
      </div>
    )
  }
  return (
    <details class="json-branch" open={depth < 4}>
      <summary>
        <Key name={name} />
        <span class="json-mark">{open}</span>
        <span class="json-fold">
          {" "}
          {members.length} {list ? (members.length === 1 ? "item" : "items") : members.length === 1 ? "key" : "keys"}{" "}
          <span class="json-mark">
            {close}
            {last ? "" : ","}
          </span>
        </span>
      </summary>
      <div class="json-members">
        {shown.map(([key, member], index) => (
          <Node key={key ?? index} name={key} value={member} last={index === members.length - 1} depth={depth + 1} />
        ))}
        {shown.length === members.length ? null : (
          <button type="button" class="link-button" onClick={() => setAll(true)}>
            {members.length - shown.length} more
          </button>
        )}
      </div>
      <span class="json-mark json-close">
        {close}
        {last ? "" : ","}
      </span>
    </details>
  )
}

const Node = (props: NodeProps) => {
  const { name, value, last } = props
  if (typeof value === "object" && value !== null) return <Branch {...props} />
  return (
    <div class="json-line">
      <Key name={name} />
      <Scalar value={value} />
      <span class="json-mark">{last ? "" : ","}</span>
    </div>
  )
}

export const JsonTree = ({ value }: { readonly value: Json }) => (
  <div class="json">
    <Node name={undefined} value={value} last depth={0} />
  </div>
)
