/** Looks on for a `Watchdog`; runs in a thread of its own. */
declare const self: Worker

const PATIENCE_MS = 20_000
const LOOK_EVERY_MS = 500

self.onmessage = ({ data }: MessageEvent<{ name: string; memory: SharedArrayBuffer }>) => {
  const counter = new Int32Array(data.memory, 0, 2)
  let last = -1
  let sinceMs = performance.now()
  setInterval(() => {
    const now = Atomics.load(counter, 0)
    if (now !== last) {
      last = now
      sinceMs = performance.now()
    } else if (performance.now() - sinceMs > PATIENCE_MS) {
      const hex = Buffer.from(new Uint8Array(data.memory, 8, counter[1])).toString('hex')
      console.error(`${data.name}: input ${now} is still being read after ${PATIENCE_MS / 1_000} seconds:\n${hex}`)
      process.kill(process.pid, 'SIGKILL')
    }
  }, LOOK_EVERY_MS)
}
