import { formatBytes } from '../../base/quantity.ts'
import type { Chat, Outcome } from '../chat.ts'
import { type Command, defineCommand } from '../command.ts'
import type { FileState, FolderPath } from '../files/files-chat.ts'
import { optionalRoomOrPeer, path, whichFile } from './arguments.ts'
import { columns, namesOf, pathLine, placeName, plural } from './views.ts'

// What becomes of a file comes as `file` events, so for people most of these answer little.

export const FILES: readonly Command[] = [
  defineCommand({
    name: 'send',
    aliases: ['share', 'upload'],
    group: 'Files',
    args: { path: path(), to: optionalRoomOrPeer({ typed: true }) },
    help: 'offer a file or folder, also to @somebody',
    pending: ({ path }) => `Reading ${path} …`,
    run: (chat, { path, to }) => chat.files.send(path, to),
    show: ({ file: { name, size, room } }, chat) => [
      `You offer ${name} (${formatBytes(size)}) ${room.startsWith('@') ? 'to' : 'in'} ${placeName(chat, room)}.`,
    ],
  }),
  defineCommand({
    name: 'accept',
    aliases: ['get', 'take'],
    group: 'Files',
    args: { file: whichFile() },
    help: 'take a file that is offered',
    run: (chat, { file }) => chat.files.accept(file),
  }),
  defineCommand({
    name: 'decline',
    aliases: ['refuse'],
    group: 'Files',
    args: { file: whichFile() },
    help: 'leave a file that is offered',
    run: (chat, { file }) => chat.files.decline(file),
  }),
  defineCommand({
    name: 'cancel',
    aliases: [],
    group: 'Files',
    args: { file: whichFile() },
    help: 'stop taking it, or take your offer back',
    run: (chat, { file }) => chat.files.cancel(file),
  }),
  defineCommand({
    name: 'files',
    aliases: ['transfers'],
    group: 'Files',
    args: { file: whichFile() },
    help: 'what is offered; of a folder all that is in it',
    async run(chat, { file }): Promise<Outcome<Listed>> {
      return file === '' ? { ok: true, files: chat.files.list() } : await chat.files.paths(file)
    },
    show(listed, chat) {
      if ('paths' in listed) return inside(listed, chat)
      const { files } = listed
      if (files.length === 0) return ['No file is offered. /send <path> offers one.']
      return columns(files.map((file) => row(file, chat)))
    },
  }),
]

/** All files, or what is in one of them. */
type Listed =
  | { readonly files: readonly FileState[] }
  | { readonly file: FileState; readonly paths: readonly FolderPath[] }

/** How it stands comes last, beside what is typed: of a long list the beginning is scrolled away. */
function inside({ file, paths }: Extract<Listed, { file: FileState }>, chat: Chat): string[] {
  const { number, state, self } = file
  const count = paths.filter(({ path }) => !path.endsWith('/')).length
  const isWaiting = state === 'offered' && !self
  return [
    ...paths.map(pathLine),
    ...columns([row(file, chat)]),
    ...(paths.length === 0 && !isWaiting ? [] : [afterList(number, count, paths.length - count, isWaiting)]),
  ]
}

function afterList(number: number, files: number, emptyFolders: number, isWaiting: boolean): string {
  const folders = emptyFolders === 0 ? '' : ` and ${plural(emptyFolders, 'empty folder', 'empty folders')}`
  const what = files + emptyFolders === 0 ? '' : `${plural(files, 'file', 'files')}${folders}`
  const how = isWaiting ? `/accept ${number} takes ${what === '' ? 'it' : 'all'}, /decline ${number} does not` : ''
  return `${[what, how].filter((part) => part !== '').join(': ')}.`
}

function row(file: FileState, chat: Chat): string[] {
  const { number, name, size, state, done, from, self, reason = '', through = [] } = file
  const share = size === 0 ? '' : `${Math.floor((100 * done) / size)}%`
  const who = self ? 'yours' : namesOf(chat).show(from)
  const stands = state === 'progress' || state === 'waiting' ? `${state} ${share}` : state
  const [refuser] = file.refused ?? []
  const refused = refuser === undefined ? '' : `${namesOf(chat).show(refuser)} does not want it`
  const by = through.length === 0 ? '' : `through ${through.map((each) => namesOf(chat).show(each)).join(', ')}`
  return [`${number}`, name, formatBytes(size), who, stands, reason || refused || by]
}
