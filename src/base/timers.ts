/**
 * A queue of deadlines, so that a pure machine can have timers without setting one: it asks `nextAtMs` and says
 * so to the driver, and takes what is due when it is called again. A binary heap; cancelled entries are skipped when they
 * surface, and the heap is rebuilt when they are the greater part, so its size stays within twice the live timers.
 */
export interface Timer<T> {
  readonly atMs: number
  readonly what: T
  cancelled: boolean
}

interface Entry<T> extends Timer<T> {
  readonly order: number
}

export class TimerQueue<T> {
  private heap: Entry<T>[] = []
  private order = 0
  private cancelledCount = 0

  /** Earliest deadline in monotonic milliseconds, or null when nothing waits. */
  nextAtMs(): number | null {
    this.dropCancelledHead()
    return this.heap[0]?.atMs ?? null
  }

  set(atMs: number, what: T): Timer<T> {
    const entry: Entry<T> = { atMs, what, cancelled: false, order: this.order++ }
    this.heap.push(entry)
    this.siftUp(this.heap.length - 1)
    return entry
  }

  cancel(timer: Timer<T>): void {
    if (timer.cancelled) return
    timer.cancelled = true
    this.cancelledCount++
    if (this.cancelledCount > 64 && this.cancelledCount * 2 > this.heap.length) this.rebuild()
  }

  /** Takes the earliest timer due at `nowMs`, oldest first among equals; null when none is. */
  takeDue(nowMs: number): T | null {
    this.dropCancelledHead()
    const head = this.heap[0]
    if (head === undefined || head.atMs > nowMs) return null
    this.removeHead()
    // A later cancel of a timer that has fired must not be counted as waiting in the heap.
    head.cancelled = true
    return head.what
  }

  private rebuild(): void {
    const live = this.heap.filter((entry) => !entry.cancelled)
    this.heap = []
    this.cancelledCount = 0
    for (const entry of live) {
      this.heap.push(entry)
      this.siftUp(this.heap.length - 1)
    }
  }

  private dropCancelledHead(): void {
    while (this.heap[0]?.cancelled === true) {
      this.removeHead()
      this.cancelledCount--
    }
  }

  private removeHead(): void {
    const last = this.heap.pop()!
    if (this.heap.length === 0) return
    this.heap[0] = last
    this.siftDown()
  }

  private before(a: Entry<T>, b: Entry<T>): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  }

  private siftUp(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.before(this.heap[at]!, this.heap[parent]!)) return
      this.swap(at, parent)
      at = parent
    }
  }

  private siftDown(): void {
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = left + 1
      let least = at
      if (left < this.heap.length && this.before(this.heap[left]!, this.heap[least]!)) least = left
      if (right < this.heap.length && this.before(this.heap[right]!, this.heap[least]!)) least = right
      if (least === at) return
      this.swap(at, least)
      at = least
    }
  }

  private swap(a: number, b: number): void {
    const kept = this.heap[a]!
    this.heap[a] = this.heap[b]!
    this.heap[b] = kept
  }
}
