/** What the full screen costs: until it is there, while much is said, and where there is much to look back on. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from '../history/million.ts'
import { cpuMsOf, memoryOf } from '../kernel.ts'
import { atMost, figure, type Goal, goalLine, spread } from '../report.ts'
import { quantile, type Sample, summarise } from '../statistics.ts'
import { Seat } from './seat.ts'

const LINES_PER_S = 200
const STEP_MS = 50
const KEY_EVERY_MS = 70
const PAGE_MESSAGES = 200
const MESSAGES = 1_000_000
const CTRL_HOME = '\x1b[1;5H'
const CTRL_END = '\x1b[1;5F'
const PAGE_DOWN = '\x1b[6~'
const PAGES_DOWN = 200
const SETTLED_PAGES = 300
/** Ends what is drawn at once. */
const FRAME_END = '\x1b[?2026l'

interface ScreenFigures {
  readonly firstPaintMs: Sample
  readonly talk: TalkFigures
  readonly back: BackFigures
}

interface TalkFigures {
  readonly cpuPercent: number | null
  readonly rssMb: number | null
  /** From a key to what is drawn of it, in milliseconds. */
  readonly keyMedianMs: number
  readonly keyP99Ms: number
}

interface BackFigures {
  readonly messages: number
  readonly tookS: number
  /** Once it is on its way, and at the end. */
  readonly rssMb: { readonly early: number | null; readonly late: number | null }
}

export interface ScreenPartOptions {
  readonly quick: boolean
  readonly program: string
  /** A folder for what is measured, on a disk. */
  readonly disk: string
}

/** Measures and prints, goals last. */
export async function screenPart({
  quick,
  program,
  disk,
}: ScreenPartOptions): Promise<{ goals: Goal[]; figures: ScreenFigures }> {
  mkdirSync(disk, { recursive: true })
  const folder = mkdtempSync(join(disk, 'screen-'))
  try {
    console.log('the full screen, 120×40')
    const firstPaintMs = await firstPaints(program, folder, quick ? 5 : 20)
    console.log(`  to the first paint, ms    ${spread(firstPaintMs)}`)
    const talk = await underTalk(program, folder, quick ? 5 : 20)
    const cpu = talk.cpuPercent === null ? 'not measured' : `${figure(talk.cpuPercent)} %`
    console.log(
      `  at ${LINES_PER_S} lines/s            ${cpu} of a core, ${talk.rssMb === null ? '?' : figure(talk.rssMb)} MB resident`,
    )
    console.log(
      `  key to paint meanwhile    median ${figure(talk.keyMedianMs)} ms, 99 of 100 within ${figure(talk.keyP99Ms)} ms`,
    )
    const back = await farBack(program, folder, quick)
    const { early, late } = back.rssMb
    const memory =
      early === null || late === null ? 'not measured' : `${figure(early)} MB on the way, ${figure(late)} MB at the end`
    console.log(`  ${figure(back.messages)} messages back and to the end again in ${figure(back.tookS)} s: ${memory}`)
    const goals = goalsOf({ firstPaintMs, talk, back })
    for (const goal of goals) console.log(goalLine(goal))
    return { goals, figures: { firstPaintMs, talk, back } }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function goalsOf({ firstPaintMs, talk, back }: ScreenFigures): Goal[] {
  const one = (value: number | null): Sample | null => (value === null ? null : summarise([value]))
  const { early, late } = back.rssMb
  const grown = early === null || late === null ? null : late - early
  return [
    atMost('to the first paint at most 120 ms', firstPaintMs, 120, 'ms'),
    atMost(`at ${LINES_PER_S} lines/s at most 15 % of a core`, one(talk.cpuPercent), 15, '%'),
    atMost(`at ${LINES_PER_S} lines/s at most 150 MB`, one(talk.rssMb), 150, 'MB'),
    atMost('key to paint within 16 ms, 99 of 100 times', one(talk.keyP99Ms), 16, 'ms'),
    atMost('memory grows by at most 40 MB on the way', one(grown), 40, 'MB'),
  ]
}

async function firstPaints(program: string, folder: string, count: number): Promise<Sample> {
  const times: number[] = []
  for (let index = 0; index <= count; index++) {
    const seat = new Seat(program, ['--username', 'Ann', '--ephemeral'], folder)
    times.push(await seat.sinceStart('general> '))
    await seat.leave()
  }
  // The first comes from the disk.
  return summarise(times.slice(1))!
}

/** A neighbour says so many lines a second, in bursts as a busy room does, and somebody types. */
async function underTalk(program: string, folder: string, seconds: number): Promise<TalkFigures> {
  const home = mkdtempSync(join(folder, 'talk-'))
  const bot = Bun.spawn([program, '--json', '--static', '--ephemeral', '--username', 'Bot'], {
    cwd: home,
    env: { HOME: home, XDG_CONFIG_HOME: home },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const lines = bot.stdout.pipeThrough(new TextDecoderStream()).getReader()
  try {
    const port = /"tcp":\{[^}]*"port":(\d+)/.exec((await lines.read()).value ?? '')?.[1]
    if (port === undefined) throw new Error('the neighbour did not start')
    void drain(lines)
    const seat = new Seat(program, ['--username', 'Ann', '--connect', `127.0.0.1:${port}`], home)
    await seat.until('1 link')
    const talk = await typeWhileTalked(seat, (text) => bot.stdin.write(text), seconds)
    await seat.leave()
    return talk
  } finally {
    bot.kill()
    await bot.exited
  }
}

async function drain(lines: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await lines.read()).done);
}

async function typeWhileTalked(seat: Seat, say: (text: string) => unknown, seconds: number): Promise<TalkFigures> {
  let said = 0
  const talk = setInterval(() => {
    const burst = Array.from(
      { length: (LINES_PER_S * STEP_MS) / 1000 },
      () => `line ${said++} of a talk that goes on and on`,
    )
    say(`${burst.join('\n')}\n`)
  }, STEP_MS)
  const keys: number[] = []
  const cpuMs = cpuMsOf(seat.pid)
  const startMs = performance.now()
  for (let index = 0; performance.now() - startMs < seconds * 1000; index++) {
    // Nothing else on the screen has capital letters of this kind in a row.
    const letter = 'QWXZ'[index % 4]!
    keys.push(await seat.press(letter, letter))
    await Bun.sleep(KEY_EVERY_MS)
    if (index % 30 === 29) seat.type('\x15')
  }
  clearInterval(talk)
  const usedMs = cpuMsOf(seat.pid)
  const sorted = keys.sort((a, b) => a - b)
  return {
    cpuPercent: cpuMs === null || usedMs === null ? null : ((usedMs - cpuMs) / (performance.now() - startMs)) * 100,
    rssMb: memoryOf(seat.pid)?.rssMb ?? null,
    keyMedianMs: quantile(sorted, 0.5),
    keyP99Ms: quantile(sorted, 0.99),
  }
}

/** To the first of many messages and to the last again, every page of them on the way. */
async function farBack(program: string, folder: string, quick: boolean): Promise<BackFigures> {
  const home = mkdtempSync(join(folder, 'back-'))
  mkdirSync(join(home, 'hearsay'))
  const wanted = quick ? MESSAGES / 10 : MESSAGES
  const { messages } = await build(join(home, 'hearsay', 'history.db'), wanted, quick ? 30_000 : 240_000, 1)
  const seat = new Seat(program, ['--username', 'Ann'], home)
  await seat.sinceStart('general> ')
  const startMs = performance.now()
  const pages = Math.ceil(messages / PAGE_MESSAGES)
  // By then the collector has found its pace.
  const earlyPage = Math.min(pages - 1, Math.max(SETTLED_PAGES, Math.floor(pages / 10)))
  let early: number | null = null
  for (let page = 0; page < pages; page++) {
    if (page === earlyPage) early = memoryOf(seat.pid)?.rssMb ?? null
    await seat.press(CTRL_HOME, FRAME_END)
  }
  for (let page = 0; page < PAGES_DOWN; page++) await seat.press(PAGE_DOWN, FRAME_END)
  await seat.press(CTRL_END, FRAME_END)
  const tookS = (performance.now() - startMs) / 1000
  const late = memoryOf(seat.pid)?.rssMb ?? null
  await seat.leave()
  return { messages, tookS, rssMb: { early, late } }
}
