/** Which rows of a long list are drawn. */

export interface Slice {
  readonly start: number
  readonly end: number
}

/** The rows in sight, and `margin` more on both sides so that a fast scroll shows no gap. */
export const sliceOf = (scrollTop: number, viewport: number, rowHeight: number, count: number, margin = 8): Slice => {
  const first = Math.floor(scrollTop / rowHeight)
  const start = Math.max(0, Math.min(first, count) - margin)
  return { start, end: Math.min(count, first + Math.ceil(viewport / rowHeight) + margin) }
}

/** Where to scroll so that a row is wholly in sight: as little as needed. */
export const scrollTo = (index: number, scrollTop: number, viewport: number, rowHeight: number): number => {
  const top = index * rowHeight
  if (top < scrollTop) return top
  return top + rowHeight > scrollTop + viewport ? top + rowHeight - viewport : scrollTop
}
