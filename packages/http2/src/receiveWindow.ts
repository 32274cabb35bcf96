/** A flow-control window for what we receive (RFC 9113, 6.9), given back in batches of half its size. */

/** Where WINDOW_UPDATE frames are written. */
export interface WindowUpdates {
  /** How much of the output has been taken. */
  readonly taken: number
  /** Writes a WINDOW_UPDATE frame; returns the position after it. */
  windowUpdate(streamId: number, increment: number): number
}

export class ReceiveWindow {
  private readonly streamId: number
  private readonly batch: number
  private readonly updates: WindowUpdates
  /** What the peer may still send, as far as it can know. */
  private left: number
  /** What was received and not yet given back. */
  private due = 0
  /** What was given back by a frame that ends at `writtenAt`; the peer cannot know of it before that is taken. */
  private written = 0
  private writtenAt = 0

  constructor(streamId: number, size: number, updates: WindowUpdates) {
    this.streamId = streamId
    this.left = size
    this.batch = size / 2
    this.updates = updates
  }

  /** Counts a payload; `false` when it is more than the peer may send (RFC 9113, 6.9.1). */
  receive(size: number): boolean {
    if (this.written > 0 && this.updates.taken >= this.writtenAt) {
      this.left += this.written
      this.written = 0
    }
    this.left -= size
    this.due += size
    return this.left >= 0
  }

  /** Gives back what was received, if that is worth a frame. */
  replenish(): void {
    if (this.due < this.batch || this.written > 0) return
    this.written = this.due
    this.due = 0
    this.writtenAt = this.updates.windowUpdate(this.streamId, this.written)
  }
}
