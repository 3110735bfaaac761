/** The world's time, as the driver sees it: real in the executable, virtual in the simulator. */
export interface Clock {
  /** Wall-clock milliseconds since 1970; may jump. What people see and what goes into events. */
  wallMs(): number
  /** Monotonic milliseconds since some start; never goes back. What timers and deadlines count in. */
  nowMs(): number
  /** Calls `fire` once, not before monotonic `atMs`. The returned function cancels it. */
  timer(atMs: number, fire: () => void): () => void
  /** Calls `run` after the input being handled now, before time moves on. Used to gather a burst into one seal. */
  defer(run: () => void): void
}
