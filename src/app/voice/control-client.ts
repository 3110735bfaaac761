import { connect } from 'node:net'
import * as v from 'valibot'

/** What runs answers at once; one that does not hangs. */
const ANSWER_MS_MAX = 2_000
const ANSWER_CHARS_MAX = 4_096

const answer = v.union([
  v.object({
    ok: v.literal(true),
    state: v.picklist(['on', 'off', 'muted']),
    room: v.nullable(v.string()),
    muted: v.boolean(),
    deafened: v.boolean(),
    pressed: v.boolean(),
  }),
  v.object({ ok: v.literal(false), code: v.string(), message: v.string() }),
])

export type ControlAnswer = v.InferOutput<typeof answer>

/** Asks whoever listens on a control socket. Null: nobody does, or nothing that makes sense is answered. */
export function askControl(path: string, request: string): Promise<ControlAnswer | null> {
  return new Promise((resolve) => {
    const socket = connect(path)
    let text = ''
    const settle = (): void => {
      clearTimeout(late)
      socket.destroy()
      resolve(read(text))
    }
    const late = setTimeout(settle, ANSWER_MS_MAX)
    socket.on('connect', () => socket.write(`${request}\n`))
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8')
      if (text.length > ANSWER_CHARS_MAX || text.includes('\n')) settle()
    })
    socket.on('error', settle)
    socket.on('close', settle)
  })
}

/** Nobody listens there any more: what a program left behind that was killed. One that hangs is not abandoned. */
export function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
  })
}

function read(text: string): ControlAnswer | null {
  try {
    const parsed = v.safeParse(answer, JSON.parse(text))
    return parsed.success ? parsed.output : null
  } catch {
    return null
  }
}
