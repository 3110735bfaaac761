export interface LineReader<T> {
  /** The next line that `fits`; null when there are no more. */
  next(fits: (line: T) => boolean): Promise<T | null>
  /** All that were read so far. */
  readonly seen: readonly T[]
}

/** Lines of JSON as a process says them. */
export function lineReader<T>(stream: ReadableStream<Uint8Array>): LineReader<T> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  const seen: T[] = []
  const waiting: T[] = []
  let rest = ''
  return {
    seen,
    async next(fits) {
      for (;;) {
        for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) if (fits(line)) return line
        const { value, done } = await reader.read()
        if (done) return null
        const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
        rest = lines.pop() ?? ''
        const read: T[] = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
        seen.push(...read)
        waiting.push(...read)
      }
    },
  }
}
