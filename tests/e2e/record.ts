import type { MessageView } from '../../src/app/messages.ts'
import type { Line, Program } from './program.ts'

/** What programs say in numbers, and all that they have of a room. */

/** As many as one answer holds. */
const PAGE = 1_000
/** Generous: it bounds a failure, no test waits for it to pass. */
const SAID_MS_MAX = 60_000

/** Says all of it without waiting in between; answers the ids, in the same order, once each is acknowledged. */
export async function sayMany(program: Program, texts: readonly string[], room?: string): Promise<string[]> {
  const mark = crypto.randomUUID()
  const ids: string[] = []
  let seen = program.lines.length
  for (const text of texts) {
    program.write(JSON.stringify({ do: 'say', text, ...(room === undefined ? {} : { room }), ref: mark }))
  }
  await program.when(() => {
    for (; seen < program.lines.length; seen++) {
      const line = program.lines[seen]!
      if (isReply(line) && line.ref === mark) ids.push(acknowledged(line))
    }
    return ids.length === texts.length
  }, SAID_MS_MAX)
  return ids
}

type ReplyLine = Extract<Line, { event: 'reply' }>

export function isReply(line: Line): line is ReplyLine {
  return line.event === 'reply'
}

/** The id of what was said. Throws where it was refused. */
export function acknowledged(reply: ReplyLine): string {
  if (!reply.ok || typeof reply['id'] !== 'string') throw new Error(`not said: ${reply.message}`)
  return reply['id']
}

/** All that a program has of a room, oldest first; or only the newest of it, once a page of it has one that `isEnough`. */
export async function wholeRecord(
  program: Program,
  room = 'general',
  isEnough: (message: MessageView) => boolean = () => false,
): Promise<MessageView[]> {
  const pages: MessageView[][] = []
  for (let before = {}; ; before = { before: pages.at(-1)![0]!.id }) {
    const reply = await program.do({ do: 'history', room, limit: PAGE, ...before })
    if (!reply.ok) throw new Error(reply.message)
    const page = reply['messages'] as MessageView[]
    pages.push(page)
    if (reply['more'] !== true || page.some(isEnough)) return pages.reverse().flat()
  }
}

/** What must be the same of a message everywhere. */
export function sameEverywhere({ id, from, text, at, order, state }: MessageView): string {
  return [id, from.id, at, order, state, text].join(' ')
}

/** What a program has told of as wrong: errors, notices, and gaps that are open still. */
export function troubles(program: Program): Line[] {
  const gaps = new Map<string, Line>()
  for (const line of program.lines) {
    if (line.event !== 'gap') continue
    const where = `${line.room} ${line.from.id}`
    if (line.missing > 0) gaps.set(where, line)
    else gaps.delete(where)
  }
  return [...program.lines.filter(({ event }) => event === 'error' || event === 'notice'), ...gaps.values()]
}

/** Throws at the first difference, which it names: whole records are too long to look through. */
export function allTheSame(records: readonly (readonly MessageView[])[]): void {
  const [first, ...others] = records.map((record) => record.map(sameEverywhere))
  for (const [i, other] of others.entries()) {
    const at = first!.findIndex((message, place) => message !== other[place])
    if (at < 0 && other.length === first!.length) continue
    const place = at < 0 ? first!.length : at
    const lengths = `${first!.length} and ${other.length} messages`
    throw new Error(`0 and ${i + 1} differ at ${place}, of ${lengths}: "${first![place]}" and "${other[place]}"`)
  }
}
