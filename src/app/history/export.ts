import { encodeBase32 } from '../../base/base32.ts'
import { toHex } from '../../base/bytes.ts'
import { cleanText } from '../../base/text.ts'
import type { RoomHeld, Store, StoredBundle } from '../../ports/store.ts'
import type { MessageView } from '../messages.ts'
import type { ExportFormat } from '../options-history.ts'
import { People } from '../people.ts'
import { messageView } from './views.ts'

export const EXPORT_FORMAT = 'hearsay-export'
export const EXPORT_VERSION = 1
/** The line between the messages, for people and programs, and the signed originals, which an import verifies. */
export const BUNDLES_LINE = '],"bundles":['
export const END_LINE = ']}'
const LOAD_BYTES = 1024 * 1024

/** A room's history in pieces, each of some messages. The JSON is one document, written a message or a bundle a line. */
export function exportRoom(store: Store, held: RoomHeld, format: ExportFormat, atMs: number): Iterable<string> {
  if (format === 'json') return json(store, held, atMs)
  return format === 'html' ? html(store, held) : text(store, held)
}

function* views(store: Store, { room, settings }: RoomHeld): Generator<MessageView[]> {
  const people = new People()
  const place = placeOf(settings)
  // Whoever only reacted somewhere has said something elsewhere, perhaps later, that tells the name.
  for (const chunk of store.export(room)) for (const { author, name } of chunk) people.meet(author, name)
  for (const chunk of store.export(room)) yield chunk.map((message) => messageView(message, place, people, ''))
}

function placeOf({ peer, name }: RoomHeld['settings']): string {
  return peer === null ? name : `@${encodeBase32(peer)}`
}

function* text(store: Store, held: RoomHeld): Generator<string> {
  for (const chunk of views(store, held)) yield chunk.map((view) => `${line(view)}\n`).join('')
}

function line(view: MessageView): string {
  const { name } = view.from
  const who = { text: `<${name}>`, action: `* ${name}`, notice: `-${name}-` }[view.kind]
  const answers = view.answers?.from === undefined ? '' : `(to ${view.answers.from.name}) `
  const said = shown(view).replaceAll('\n', '\n    ')
  const reactions = view.reactions.map(({ emoji, by }) => ` [${emoji} ${by.map((person) => person.name).join(', ')}]`)
  return `${time(view.at)} ${who} ${answers}${said}${reactions.join('')}`
}

function shown({ state, text, forked }: MessageView): string {
  if (state === 'deleted') return '(deleted)'
  const mark = forked === true ? ' (one of two histories)' : ''
  if (state === 'gone') return `(text missing)${mark}`
  return `${text}${state === 'edited' ? ' (edited)' : ''}${mark}`
}

function time(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').slice(0, 19)
}

function* json(store: Store, held: RoomHeld, atMs: number): Generator<string> {
  const { room, settings } = held
  const about = { name: placeOf(settings), id: toHex(room) }
  const head = JSON.stringify({ format: EXPORT_FORMAT, version: EXPORT_VERSION, exported: atMs, room: about })
  yield `${head.slice(0, -1)},"messages":[\n`
  yield* lines(views(store, held))
  yield `${BUNDLES_LINE}\n`
  yield* lines(bundles(store, room))
  yield `${END_LINE}\n`
}

/** With a comma after each but the last. */
function* lines(chunks: Iterable<readonly object[]>): Generator<string> {
  let before = ''
  for (const chunk of chunks) {
    if (chunk.length === 0) continue
    if (before !== '') yield `${before},\n`
    const written = chunk.map((each) => JSON.stringify(each))
    before = written.join(',\n')
  }
  if (before !== '') yield `${before}\n`
}

function* bundles(store: Store, room: Uint8Array): Generator<object[]> {
  for (const { key, ranges, forkedSince } of store.feeds(room)) {
    const feed = { author: encodeBase32(key.author), epoch: toHex(key.epoch) }
    const written = ({ previous, bytes }: StoredBundle) => ({
      ...feed,
      previous: toHex(previous),
      bytes: bytes.toBase64(),
    })
    for (const { from, to } of ranges) {
      for (let next = from; next < to; ) {
        const found = store.bundles(key, next, to, LOAD_BYTES)
        const last = found.at(-1)
        if (last === undefined) break
        yield found.map(written)
        next = last.first + last.count
      }
    }
    // After that: what they stand against has to be there when they come in.
    if (forkedSince !== null) yield store.forks(key).map((bundle) => ({ ...written(bundle), fork: true }))
  }
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:48em;margin:2em auto;padding:0 1em}
p{margin:.2em 0;white-space:pre-wrap}time,small{color:#777}b{font-weight:600}`

function* html(store: Store, held: RoomHeld): Generator<string> {
  const title = escaped(held.settings.peer !== null ? 'A conversation' : `#${held.settings.name}`)
  yield `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${title}</title>\n<style>${STYLE}</style>\n<h1>${title}</h1>\n`
  for (const chunk of views(store, held)) yield chunk.map(paragraph).join('')
  yield '</html>\n'
}

function paragraph(view: MessageView): string {
  const { id, at, from, kind, answers, reactions } = view
  const mark = kind === 'action' ? '* ' : ''
  const to =
    answers === undefined
      ? ''
      : ` <small><a href="#m${escaped(answers.id)}">to ${escaped(answers.from?.name ?? 'a message')}</a></small>`
  const by = reactions.map(
    (each) => ` <small>${escaped(each.emoji)} ${escaped(each.by.map((one) => one.name).join(', '))}</small>`,
  )
  const when = `<time datetime="${new Date(at).toISOString()}">${time(at)}</time>`
  return `<p id="m${escaped(id)}">${when} ${mark}<b>${escaped(from.name)}</b>${to} ${escaped(shown(view))}${by.join('')}</p>\n`
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return cleanText(text).replace(/[&<>"']/g, (char) => entities[char]!)
}
