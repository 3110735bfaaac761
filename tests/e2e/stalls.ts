import { readFileSync } from 'node:fs'

const LOOK_EVERY_MS = 20
/** Less is what every program waits now and then, and what every buffer of sound is for. */
const STALL_MS_MIN = 12
/** Programs on a machine that does nothing else wait about so long in five seconds: where all stalls together are less, none excuses anything. */
const EXCUSED_MS_MIN = 150
const TICK_MS = 10

interface Stall {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * When programs had something to do and no processor to do it: the kernel counts it, and adds it when the program runs again. What a machine took
 * from everybody (steal) counts too. Times are milliseconds since 1970.
 */
export class Stalls {
  readonly all: Stall[] = []
  private readonly waitedMs = new Map<string, number>()
  private lookedMs = Date.now()
  private readonly timer: ReturnType<typeof setInterval>

  constructor(private readonly pids: readonly number[]) {
    this.look()
    this.all.length = 0
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.timer)
    this.look()
  }

  add(fromMs: number, toMs: number): void {
    this.all.push({ fromMs, toMs })
  }

  /** Whether one of them stood still at some time between, where that counts. */
  within(fromMs: number, toMs: number): boolean {
    const stoodMs = this.all.reduce((sum, stall) => sum + stall.toMs - stall.fromMs, 0)
    return stoodMs >= EXCUSED_MS_MIN && this.all.some((stall) => stall.fromMs <= toMs && stall.toMs >= fromMs)
  }

  private look(): void {
    const nowMs = Date.now()
    for (const pid of this.pids.flatMap(withChildren)) this.note(`${pid}`, waitedMs(pid), nowMs)
    const steal = Number(/^cpu +(?:\d+ +){7}(\d+)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? 0)
    this.note('steal', steal * TICK_MS, nowMs)
    this.lookedMs = nowMs
  }

  private note(what: string, waited: number, nowMs: number): void {
    const more = waited - (this.waitedMs.get(what) ?? waited)
    this.waitedMs.set(what, waited)
    if (more >= STALL_MS_MIN) this.add(Math.min(this.lookedMs, nowMs - more), nowMs)
  }
}

function withChildren(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return [pid, ...(children === '' ? [] : children.split(' ').map(Number))]
  } catch {
    return []
  }
}

function waitedMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}
