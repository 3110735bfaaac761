/** A process is seen to end before the last of what it wrote is read: whoever looks at that then has to wait for its end as well. */

/** For a loaded machine, and no longer: what the process has left running may hold its output open for as long as that lives. */
const REST_MS_MAX = 5_000

/** Resolves when each of `outputs` is at its end, or has failed; at the latest after 5 s. */
export async function readToEnd(...outputs: readonly Promise<unknown>[]): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, REST_MS_MAX)
  await Promise.race([Promise.allSettled(outputs), late])
  clearTimeout(timer)
}

/** The status of a process that has ended and whose `outputs` have been read. */
export async function endOf(exited: Promise<number>, ...outputs: readonly Promise<unknown>[]): Promise<number> {
  const status = await exited
  await readToEnd(...outputs)
  return status
}
