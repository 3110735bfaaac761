import { readFileSync } from 'node:fs'
import { errorCode } from './disk-fault.ts'

/** A process, told from every other: for what belongs to one for as long as that runs. */
export interface ProcessName {
  readonly pid: number
  /** Tells this process from a later one of the same number; `-` where the system does not say. */
  readonly start: string
}

export function ownProcess(): ProcessName {
  return { pid: process.pid, start: startOf(process.pid) ?? '-' }
}

export function isRunning({ pid, start }: ProcessName): boolean {
  let ours = true
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false
    ours = false // EPERM: somebody else's process
  }
  if (process.platform !== 'linux' || start === '-') return true
  const now = startOf(pid)
  // Processes of others may be hidden (proc(5), hidepid): they are taken to be what the lock says.
  return now === start || (now === null && !ours)
}

/**
 * When a process began, as Linux tells it: the boot and the ticks since (proc_pid_stat(5), field 22). Null for a
 * process that is gone or only waits to be reaped, and on other systems.
 */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field, the command in brackets, may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, ticks] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X' || ticks === undefined) return null
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}/${ticks}`
  } catch {
    return null
  }
}
