/**
 * A set in the order of insertion, linked through its elements.
 *
 * Beside being cheap to enter and to leave, it leaves no trace: a `Set` of many short-lived elements is copied again and
 * again, and each old copy keeps alive, until the next full collection, all that was in it.
 */

/** What can be in one `Ring` at a time. */
export class Link {
  /** @internal */
  previous: Link | undefined = undefined
  /** @internal */
  next: Link | undefined = undefined
}

export class Ring<A extends Link> {
  private readonly root = new Link()

  constructor() {
    this.root.previous = this.root
    this.root.next = this.root
  }

  get isEmpty(): boolean {
    return this.root.next === this.root
  }

  add(element: A): void {
    const { root } = this
    const last = root.previous as Link // never without neighbours
    element.previous = last
    element.next = root
    last.next = element
    root.previous = element
  }

  /** The elements there are; they may leave meanwhile. */
  all(): Array<A> {
    const all: Array<A> = []
    // Only `add` puts links behind the root, and it takes an A.
    for (let link = this.root.next; link !== this.root; link = link?.next) all.push(link as A)
    return all
  }

  /** Takes an element out of the ring it is in; `false` when it is in none. */
  static leave(element: Link): boolean {
    const { next, previous } = element
    if (next === undefined || previous === undefined) return false
    previous.next = next
    next.previous = previous
    element.next = undefined
    element.previous = undefined
    return true
  }
}
