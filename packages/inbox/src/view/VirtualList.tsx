/** The list of pushes: only the rows in sight are in the document, however many there are. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import type { Push } from "../model/push.ts"
import { scrollTo, sliceOf } from "../model/virtual.ts"
import type { Shown } from "../state/store.ts"
import { Row } from "./Row.tsx"

/** Must be the height of `.row` in list.css. */
const rowHeight = 76

interface Props {
  readonly shown: Shown
  readonly selected: number | undefined
  readonly onSelect: (push: Push) => void
  /** Told whether the newest row is in sight. */
  readonly onTop: (atTop: boolean) => void
}

export const VirtualList = ({ shown, selected, onSelect, onTop }: Props) => {
  const scroller = useRef<HTMLDivElement>(null)
  const [scrollTop, setScrollTop] = useState(0)
  const [viewport, setViewport] = useState(600)

  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return
    const observer = new ResizeObserver(() => setViewport(element.clientHeight))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  useEffect(() => {
    const element = scroller.current
    const index = selected === undefined ? -1 : shown.indexOf(selected)
    if (element === null || index < 0) return
    element.scrollTop = scrollTo(index, element.scrollTop, element.clientHeight, rowHeight)
    // Only a new choice scrolls; what arrives must not.
  }, [selected])

  const { start, end } = sliceOf(scrollTop, viewport, rowHeight, shown.count)
  const rows = []
  for (let index = start; index < end; index++) {
    const push = shown.at(index)
    if (push === undefined) continue
    rows.push(
      <Row
        key={push.id}
        push={push}
        top={index * rowHeight}
        position={index + 1}
        count={shown.count}
        selected={push.id === selected}
        onSelect={onSelect}
      />
    )
  }
  const active = rows.some((row) => row.props.selected) ? `push-${selected}` : undefined

  return (
    <div
      ref={scroller}
      class="list"
      role="listbox"
      aria-label="Received pushes"
      aria-activedescendant={active}
      tabIndex={0}
      onScroll={({ currentTarget }) => {
        setScrollTop(currentTarget.scrollTop)
        onTop(currentTarget.scrollTop < rowHeight / 2)
      }}
    >
      <div role="presentation" class="list-space" style={{ height: `${shown.count * rowHeight}px` }}>
        {rows}
      </div>
    </div>
  )
}
