import type { FilesChat } from '../files/files-chat.ts'
import type { LineFiles } from './line-files.ts'

/** Files of our own kind and those that line peers send, as one list. */
export function withLineFiles(own: FilesChat, line: LineFiles): FilesChat {
  const isOwn = (file: string): boolean => file.trim() === '' && own.list().some(({ state }) => state === 'offered')
  return {
    list: () => [...own.list(), ...line.list()],
    // Theirs are single files.
    async paths(file) {
      const inside = await own.paths(file)
      const sent = inside.ok ? undefined : line.list().find(({ number, name }) => [String(number), name].includes(file))
      return sent === undefined ? inside : { ok: true, file: sent, paths: [] }
    },
    send: (path, to) => own.send(path, to),
    sendAll: (paths, to) => own.sendAll(paths, to),
    cancel: (file) => own.cancel(file),
    accept: async (file) => (isOwn(file) ? null : line.accept(file)) ?? own.accept(file),
    decline: async (file) => (isOwn(file) ? null : line.decline(file)) ?? own.decline(file),
  }
}
