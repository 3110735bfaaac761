/** What is read while one watches a busy room is written down so often at most. */
const WRITE_MS = 1_000

/** Rooms that have been read up to their end, told to the history a little later and all at once. */
export class ReadMarks {
  private readonly rooms = new Set<string>()
  private timer: Timer | null = null

  constructor(private readonly mark: (room: string) => void) {}

  add(room: string): void {
    this.rooms.add(room)
    this.timer ??= setTimeout(() => this.flush(), WRITE_MS)
  }

  flush(): void {
    this.stop()
    for (const room of this.rooms) this.mark(room)
    this.rooms.clear()
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }
}
