/**
 * What the kernel counts, so that every implementation is measured from outside and alike. Linux only: /proc and `ss`. Where one
 * is missing its figures are null, and the rest is measured all the same.
 */
import { readFileSync } from 'node:fs'

const MS_PER_JIFFY = 10
const BYTES_PER_KB = 1024

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** User and system time of a process so far, in steps of 10 ms. */
export function cpuMsOf(pid: number): number | null {
  const fields = read(`/proc/${pid}/stat`)?.split(') ')[1]?.split(' ')
  return fields === undefined ? null : (Number(fields[11]) + Number(fields[12])) * MS_PER_JIFFY
}

/** How long a process' first thread was ready to run so far and waited for a processor. */
export function processorWaitMs(pid: number): number | null {
  const waited = read(`/proc/${pid}/schedstat`)?.split(' ')[1]
  return waited === undefined ? null : Number(waited) / 1e6
}

export interface Memory {
  /** Resident: shared pages counted whole. */
  readonly rssMb: number
  /** Resident, with shared pages divided among those who share them. */
  readonly pssMb: number
}

/** Memory of a process in MB (10^6 bytes). */
export function memoryOf(pid: number): Memory | null {
  const text = read(`/proc/${pid}/smaps_rollup`)
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text ?? '')?.[1])
  return text === null ? null : { rssMb: megabytes(field('Rss')), pssMb: megabytes(field('Pss')) }
}

/** The most a process has ever had resident, in MB. */
export function peakMbOf(pid: number): number | null {
  const match = /^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')
  return match === null ? null : megabytes(Number(match[1]))
}

function megabytes(kilobytes: number): number {
  return (kilobytes * BYTES_PER_KB) / 1e6
}

/** Time of all processors together so far. */
export interface MachineTime {
  readonly totalMs: number
  readonly idleMs: number
  /** Taken by the host this virtual machine runs on. */
  readonly stolenMs: number
}

export function machineTime(): MachineTime | null {
  const line = read('/proc/stat')?.split('\n')[0]
  if (line === undefined) return null
  const [user, nice, system, idle, wait, irq, softIrq, stolen] = line.trim().split(/\s+/).slice(1).map(Number)
  const idleMs = (idle! + wait!) * MS_PER_JIFFY
  const busyMs = (user! + nice! + system! + irq! + softIrq! + stolen!) * MS_PER_JIFFY
  return { totalMs: idleMs + busyMs, idleMs, stolenMs: stolen! * MS_PER_JIFFY }
}

/**
 * Bytes handed to TCP by the sockets listening on or connected to ports of a range, each byte once, both directions; a connection that
 * closes counts with its last known value.
 */
export class WireCounter {
  private readonly byConnection = new Map<string, number>()

  constructor(
    private readonly portMin: number,
    private readonly portMax: number,
  ) {}

  /** Null where `ss` is missing. */
  totalBytes(): number | null {
    const text = socketStatistics()
    if (text === null) return null
    for (const line of text.split('\n')) {
      const sent = /bytes_sent:(\d+)/.exec(line)
      if (sent === null) continue
      const [, , , local, remote] = line.trim().split(/\s+/)
      if (!this.isOurs(local) && !this.isOurs(remote)) continue
      const again = /bytes_retrans:(\d+)/.exec(line)
      this.byConnection.set(`${local} ${remote}`, Number(sent[1]) - Number(again?.[1] ?? 0))
    }
    let total = 0
    for (const bytes of this.byConnection.values()) total += bytes
    return total
  }

  private isOurs(endpoint: string | undefined): boolean {
    const port = Number(endpoint?.slice(endpoint.lastIndexOf(':') + 1))
    return port >= this.portMin && port <= this.portMax
  }
}

function socketStatistics(): string | null {
  try {
    const result = Bun.spawnSync(['ss', '-tinHO'], { stdin: 'ignore', stderr: 'ignore', timeout: 5_000 })
    return result.exitCode === 0 ? result.stdout.toString() : null
  } catch {
    return null
  }
}
