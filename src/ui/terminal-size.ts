/** An output that knows its size from the last time the terminal told of a change. */
export interface Sized {
  /** What node:tty does when the terminal tells of a change: looks, and tells of what is another than before as `resize`. */
  _refreshSize?(): void
}

/**
 * Looks how large the terminal is now. It tells of changes only those that have it at that moment: whoever is stopped hears nothing of one, and
 * what is known of the size is old when it goes on.
 */
export function readSizeAnew(output: Sized): void {
  output._refreshSize?.()
}
