/** Allocated and never touched: the system gives no memory for it. */
const BALLAST_BYTES = 128 * 1024 * 1024

/**
 * The runtime collects garbage when it expects as much of it as is worth a pause, by what was alive and what was garbage the last time. In a program as small
 * as this one that is every 26 MB: while files come and go at full speed every 25 ms for some 3 ms, and whoever talks waits for it. With memory that is
 * alive, however empty, it comes a third as often. What is allocated by the mebibyte is released when it has been used (`release`), so that
 * little more is held for it.
 */
export class Ballast {
  private held: ArrayBuffer | null = null

  get bytes(): number {
    return this.held?.byteLength ?? 0
  }

  /** Once and for all: taking it costs two collections itself, so it is there before anything comes or goes. */
  hold(): void {
    try {
      this.held ??= new ArrayBuffer(BALLAST_BYTES)
    } catch {
      // Where so much is not to be had, nothing depends on it.
    }
  }
}
