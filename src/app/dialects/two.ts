import { createConnection, createServer, type Socket } from 'node:net'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock } from '../../adapters/system-clock.ts'
import { tcpFault } from '../../adapters/tcp-fault.ts'
import { type Address, formatAddress } from '../../base/address.ts'
import { utf8 } from '../../base/bytes.ts'
import { LineMachine } from '../../dialects/line/machine.ts'
import type { DialectOutput } from '../../dialects/outputs.ts'
import { hashedOrigin } from '../../dialects/words.ts'
import { ExitStatus } from '../exit.ts'
import type { StartFault } from '../options.ts'
import type { TwoAsked } from '../options-line.ts'
import { EarlyLines } from './early-lines.ts'
import { IncomingFile } from './incoming.ts'
import { sendFile } from './outgoing.ts'

const DIAL_MS_MAX = 10_000
/** How long the other side may take to take in our goodbye. */
const GOODBYE_MS_MAX = 1_000
const LINK = 1

export interface TwoStreams {
  readonly input: NodeJS.ReadableStream
  readonly output: { write(text: string): unknown }
  readonly signals: { on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', hear: () => void): unknown }
}

/** `hearsay listen` and `hearsay connect`: runs until one of the two leaves; answers the exit status, or why it could not begin. */
export async function runTwo(asked: TwoAsked, streams: TwoStreams): Promise<number | StartFault> {
  const say = (line: string): void => void streams.output.write(`${line}\n`)
  const stopped = new Promise<number>((resolve) => {
    streams.signals.on('SIGINT', () => resolve(ExitStatus.interrupted))
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) streams.signals.on(signal, () => resolve(ExitStatus.asked))
  })
  const lines = createInterface({ input: streams.input })
  // Whoever dials hears soon whether anybody is there, and asked for that whatever there is to say.
  const early = new EarlyLines(lines, { isTerminal: isTerminal(streams.input), isEndLeaving: asked.mode === 'listen' })
  const meeting = asked.mode === 'listen' ? awaitCaller(asked.address, say) : dial(asked.address)
  const left = early.left.then(() => ExitStatus.asked)
  const socket = await Promise.race([meeting.made, stopped, left])
  if (typeof socket === 'number' || 'ok' in socket) {
    meeting.cancel()
    lines.close()
    return socket
  }
  const conversation = new Conversation(asked, socket, say)
  early.handOver(
    (line) => conversation.typed(line),
    () => conversation.inputEnded(),
  )
  const status = await Promise.race([conversation.over, stopped])
  if (status !== ExitStatus.asked) conversation.leave()
  lines.close()
  return status
}

function isTerminal(input: NodeJS.ReadableStream): boolean {
  return 'isTTY' in input && input.isTTY === true
}

/** Two who are to be connected; `cancel` gives that up. */
interface Meeting {
  readonly made: Promise<Socket | StartFault>
  cancel(): void
}

/** The first who calls; nobody else is let in. */
function awaitCaller(address: Address, say: (line: string) => void): Meeting {
  const { promise: made, resolve } = Promise.withResolvers<Socket | StartFault>()
  const server = createServer((socket) => {
    server.close()
    resolve(socket)
  })
  server.maxConnections = 1
  server.on('error', (error) => resolve(fault('listen', address, error)))
  server.listen(address.port, address.host, () => {
    const bound = server.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
    say(`Listening on ${formatAddress({ host: address.host, port })}; /quit leaves.`)
  })
  return { made, cancel: () => server.close() }
}

function dial(address: Address): Meeting {
  const { promise: made, resolve } = Promise.withResolvers<Socket | StartFault>()
  const socket = createConnection({ host: address.host, port: address.port, timeout: DIAL_MS_MAX })
  const failed = (error: unknown): void => {
    socket.destroy()
    resolve(fault('connect', address, error))
  }
  socket.once('error', failed)
  socket.once('timeout', () => failed(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
  socket.once('connect', () => {
    socket.off('error', failed)
    socket.setTimeout(0)
    resolve(socket)
  })
  return { made, cancel: () => socket.destroy() }
}

function fault(what: 'listen' | 'connect', address: Address, cause: unknown): StartFault {
  const { code, message: why } = tcpFault(cause)
  const [exit, advice] =
    what === 'listen'
      ? [ExitStatus.cannotListen, 'Choose another with --host and --port.']
      : [ExitStatus.failed, 'Ask whoever is there whether it runs, and at which address.']
  const message = `cannot ${what}: ${formatAddress(address)} ${why}. ${advice}`
  return { ok: false, code: `two-${code}`, message, exit, cause }
}

/** A path as it is typed: in quotation marks or not, as they are put around one with spaces. */
function pathOf(typed: string): string {
  const [, inner = typed] = /^(?:"([^"]+)"|'([^']+)')$/.exec(typed)?.filter((part) => part !== undefined) ?? []
  return inner
}

/** A copy: what the runtime hands out is its own again. */
function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? utf8(data) : Uint8Array.from(data)
}

/** What two people say and send each other over one connection. */
class Conversation {
  readonly over: Promise<number>
  private readonly machine: LineMachine
  private readonly files: IncomingFile[] = []
  private readonly wanted: (() => void)[] = []
  private ended!: (status: number) => void
  private timer: (() => void) | null = null
  private sending: string | null = null
  private sent: Promise<unknown> = Promise.resolve()
  /** What was typed while a file was being opened: it comes behind the file. */
  private behind: (() => void)[] | null = null
  private said = 0
  private other = 'The other'
  private isLeaving = false
  private isQuitting = false

  constructor(
    private readonly asked: TwoAsked,
    private readonly socket: Socket,
    private readonly say: (line: string) => void,
  ) {
    const { name } = asked
    this.over = new Promise((resolve) => {
      this.ended = resolve
    })
    this.machine = new LineMachine({ name, connect: [], room: 'general', nonce: '' })
    const remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    socket.setNoDelay(true)
    socket.on('data', (bytes) => this.run((nowMs) => this.machine.received(LINK, bytesOf(bytes), nowMs)))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.closed())
    this.say(`Connected with ${formatAddress(remote)}. Nothing here is encrypted, and nobody proves who he is.`)
    this.run((nowMs) => this.machine.opened(LINK, remote, null, nowMs))
  }

  typed(line: string): void {
    if (this.behind !== null) return void this.behind.push(() => this.typed(line))
    const [command = '', ...rest] = line.trim().split(' ')
    const argument = rest.join(' ').trim()
    if (line.trim() === '' || this.isLeaving) return
    if (command === '/quit') return this.quit()
    if (command === '/send') {
      this.sent = Promise.all([this.sent, this.send(pathOf(argument))])
      return
    }
    if (command === '/accept') return this.answer(true)
    if (command === '/decline') return this.answer(false)
    if (/^\/[a-z]+$/.test(command))
      return this.say(
        `${command === '/help' ? '' : `${command} is no command here. `}There are /send <path>, /accept, /decline, /quit.`,
      )
    const origin = hashedOrigin('two', String(++this.said))
    const { name } = this.asked
    const own = {
      origin,
      from: 'native',
      isExact: true,
      bridge: null,
      author: null,
      kind: 'text',
      room: 'general',
    } as const
    this.run((nowMs) => this.machine.say({ ...own, name, text: line }, LINK, nowMs))
  }

  /** A file that has begun would be cut where it is, and the goodbye taken for more of it: only who says so twice means that. */
  private quit(): void {
    if (this.sending === null || this.isQuitting) return this.leave()
    this.isQuitting = true
    this.say(`${basename(this.sending)} is still being sent: this ends with it. /quit again ends both at once.`)
    this.inputEnded()
  }

  /** Nothing more will be typed: what was asked for is still done. */
  inputEnded(): void {
    const { sent } = this
    void sent.then(() => (sent === this.sent ? this.leave() : this.inputEnded()))
  }

  leave(): void {
    if (this.isLeaving) return
    this.isLeaving = true
    // Whoever waits for a file to be taken reads no goodbye; nor do we read theirs.
    for (const file of this.files) file.decline()
    this.socket.resume()
    this.run((nowMs) => this.machine.leave(nowMs))
    systemClock.timer(systemClock.nowMs() + GOODBYE_MS_MAX, () => this.socket.destroy())
  }

  private async send(path: string): Promise<void> {
    if (path === '') return this.say('/send <path>: the file is missing. Type its path behind it.')
    if (this.sending !== null) return this.say(`${this.sending} is still being sent: wait for it to end.`)
    this.sending = path
    this.behind = []
    const problem = await sendFile(path, {
      begin: (name, size) => {
        const sent = this.run((nowMs) => this.machine.sendFile(LINK, name, size, nowMs))
        this.goOn()
        return sent
      },
      wanted: () => new Promise((resolve) => this.wanted.push(resolve)),
      write: (bytes) => this.write(bytes),
      done: () => this.run((nowMs) => this.machine.fileChunk(LINK, null, nowMs)),
      broken: () => this.socket.destroy(),
      tell: this.say,
    })
    this.sending = null
    if (problem !== null) this.say(problem)
    this.goOn()
  }

  /** The file has its place, or gets none. */
  private goOn(): void {
    const { behind } = this
    this.behind = null
    for (const each of behind ?? []) each()
  }

  /** Waits while the other side is slow. */
  private write(bytes: Uint8Array): Promise<void> {
    this.run((nowMs) => this.machine.fileChunk(LINK, bytes, nowMs))
    if (!this.socket.writableNeedDrain || this.socket.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      this.socket.once('drain', resolve)
      this.socket.once('close', resolve)
    })
  }

  private run<T>(act: (nowMs: number) => T): T {
    const result = act(systemClock.nowMs())
    for (let outputs = this.machine.takeOutputs(); outputs.length > 0; outputs = this.machine.takeOutputs()) {
      for (const output of outputs) this.carryOut(output)
    }
    this.timer?.()
    const atMs = this.machine.nextWakeMs()
    this.timer = atMs === null ? null : systemClock.timer(atMs, () => this.run((nowMs) => this.machine.wake(nowMs)))
    return result
  }

  private carryOut(output: DialectOutput): void {
    if (output.kind === 'send') this.socket.write(output.bytes)
    else if (output.kind === 'hang-up') this.hangUp(output.abort)
    else if (output.kind === 'words') {
      const { name, text } = output.words
      if (name !== '') this.other = name
      this.say(name === '' ? text : `[${name}] ${text}`)
    } else if (output.kind === 'trouble') this.say(output.message)
    else if (output.kind === 'file') this.file(output)
  }

  private hangUp(abort: boolean): void {
    const name = this.machine.links.get(LINK)?.name || this.other
    if (!this.isLeaving && !abort) this.say(`${name} has left the chat.`)
    if (abort) this.socket.destroy()
    else this.socket.end()
  }

  private file(output: DialectOutput & { kind: 'file' }): void {
    if (output.state === 'wanted') return this.wanted.shift()?.()
    if (output.state === 'begins') {
      const file = new IncomingFile(output.name, output.size)
      this.files.push(file)
      this.say(`${this.other} sends ${file.name} (${file.size} bytes): /accept or /decline.`)
      // What has come already is held; more is not read until it is known what for.
      if (!this.isLeaving) this.socket.pause()
      return
    }
    const file = this.files.findLast(({ whole }) => whole === null)
    if (file === undefined) return
    if (output.state === 'bytes') return this.guard(file, () => file.bytes(output.bytes))
    file.whole = output.whole
    if (file.state !== 'asked') this.finish(file)
  }

  private answer(accepted: boolean): void {
    const file = this.files.find(({ state }) => state === 'asked')
    if (file === undefined) return this.say('No file is waiting for an answer. Wait for one to be sent.')
    if (accepted) this.guard(file, () => file.accept(this.asked.folder))
    else file.decline()
    if (file.whole !== null) this.finish(file)
    if (!this.files.some(({ state }) => state === 'asked')) this.socket.resume()
  }

  private finish(file: IncomingFile): void {
    this.files.splice(this.files.indexOf(file), 1)
    const path = file.finish()
    if (file.state === 'declined') this.say(`${file.name} was not taken.`)
    else if (path !== null)
      this.say(
        file.whole === true
          ? `${file.name} is in ${path}.`
          : `${file.name} broke off: what came is in ${path}. Ask for it again.`,
      )
  }

  /** The disk may be full, or the folder nobody's to write to. */
  private guard(file: IncomingFile, act: () => void): void {
    try {
      act()
    } catch (error) {
      file.discard()
      file.decline()
      this.say(
        `${file.name} cannot be written: ${error instanceof Error ? error.message : String(error)}. Make room, or start with another --folder.`,
      )
    }
  }

  private closed(): void {
    this.run((nowMs) => this.machine.closed(LINK, 'closed the connection', nowMs))
    for (const file of [...this.files]) if (file.state === 'accepted') this.finish(file)
    if (!this.isLeaving) this.say('The connection is closed.')
    this.timer?.()
    this.ended(ExitStatus.asked)
  }
}
