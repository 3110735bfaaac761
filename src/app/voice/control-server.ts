import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { type Controlled, obey, readControl } from './control.ts'
import { askControl, isAbandoned } from './control-client.ts'
import { isTooLong, ownFolder, socketsIn } from './control-path.ts'

/** Longer than any request. */
const REQUEST_BYTES_MAX = 64
/** Who asks does so at once. */
const REQUEST_MS_MAX = 1_000
/** At each start; more than are left between two. */
const SWEPT_MAX = 1_000
/** Keys are pressed one at a time; more of them than this are a mistake, or mischief of one's own programs. */
const CONNECTIONS_MAX = 16

export interface ControlServerOptions {
  readonly folder: string
  readonly path: string
  readonly voice: Controlled
  readonly log: Log
}

/**
 * Listens for `hearsay ptt on` and the like, on a socket that only its owner can open: one line asks, one line answers, and the connection is
 * over. Where that cannot be, voice does without.
 */
export class ControlServer {
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private inode = -1n

  /** Null where it cannot listen; the log knows why. */
  static async open(options: ControlServerOptions): Promise<ControlServer | null> {
    const { folder, path, log } = options
    try {
      if (isTooLong(path)) throw new Error(`${path} is too long for a socket`)
      ownFolder(folder)
      // One that nobody answers on was left behind; another process's is left alone.
      if ((await askControl(path, 'status')) !== null) throw new Error(`another hearsay listens on ${path}`)
      rmSync(path, { force: true })
      await sweep(folder)
      const control = new ControlServer(options)
      await control.listen()
      return control
    } catch (error) {
      log('control', `hearsay ptt and its like do not work: ${error instanceof Error ? error.message : error}.`)
      return null
    }
  }

  private constructor(private readonly options: ControlServerOptions) {
    this.server = createServer((socket) => this.accept(socket))
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    const { path } = this.options
    // Another process may have taken the place, where it believed us gone.
    if (this.inode !== -1n && inodeOf(path) === this.inode) rmSync(path, { force: true })
  }

  private listen(): Promise<void> {
    const { folder, path } = this.options
    // Closing takes away what is called as at first, whoever's it is by then: so it is called otherwise at first.
    const first = join(folder, `${process.pid}.sock`)
    return new Promise((resolve, reject) => {
      this.server.on('error', reject)
      rmSync(first, { force: true })
      this.server.listen(first, () => {
        try {
          chmodSync(first, 0o600)
          this.inode = inodeOf(first)
          renameSync(first, path)
          resolve()
        } catch (error) {
          this.server.close()
          reject(error)
        }
      })
      // It is not what keeps the program running.
      this.server.unref()
    })
  }

  private accept(socket: Socket): void {
    socket.on('error', () => {})
    if (this.sockets.size >= CONNECTIONS_MAX) return void socket.destroy()
    this.sockets.add(socket)
    const late = setTimeout(() => socket.destroy(), REQUEST_MS_MAX)
    socket.on('close', () => {
      clearTimeout(late)
      this.sockets.delete(socket)
    })
    let request = ''
    const hear = (chunk: Buffer): void => {
      request += chunk.toString('latin1')
      const end = request.indexOf('\n')
      if (end === -1 && request.length <= REQUEST_BYTES_MAX) return
      socket.off('data', hear)
      // What else it says is nobody's business, but read, that the answer reaches it.
      socket.resume()
      void this.answer(socket, end === -1 || end > REQUEST_BYTES_MAX ? '' : request.slice(0, end))
    }
    socket.on('data', hear)
  }

  private async answer(socket: Socket, request: string): Promise<void> {
    const asked = readControl(request.trim().split(/\s+/))
    const answer =
      asked === null
        ? {
            ok: false,
            code: 'bad-request',
            message: 'it takes ptt, mute, deafen [on|off|toggle], unmute, undeafen, or status',
          }
        : await obey(this.options.voice, asked)
    socket.end(`${JSON.stringify(answer)}\n`)
  }
}

/** -1 where nothing is there. */
function inodeOf(path: string): bigint {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? -1n
}

/** Those who keep nothing have another name at each start, so nobody else takes away what is left of them. */
async function sweep(folder: string): Promise<void> {
  for (const left of socketsIn(folder).slice(0, SWEPT_MAX)) if (await isAbandoned(left)) rmSync(left, { force: true })
}
