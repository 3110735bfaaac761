import { getRandomValues } from 'node:crypto'
import { bunTcp } from '../adapters/bun-tcp.ts'
import { systemMulticast as multicast } from '../adapters/multicast.ts'
import { systemClock } from '../adapters/system-clock.ts'
import { type Address, formatAddress } from '../base/address.ts'
import { type Rng, seededRng } from '../base/rng.ts'
import { cleanLine } from '../base/text.ts'
import { HyParView } from '../core/gossip/hyparview.ts'
import { agreementKeyFromSecret, agreementKeyFromSigningSeed, agreementPublicFromIdentity } from '../crypto/agree.ts'
import { conversationId } from '../crypto/seal.ts'
import { signingKeyFromSeed } from '../crypto/sign.ts'
import type { NodeIdentity } from '../node/context.ts'
import { Node } from '../node/node.ts'
import type { Listener, TcpFault } from '../ports/tcp.ts'
import { agentOf, bridgedBy } from './dialects/agent.ts'
import type { DialectDesk } from './dialects/desk.ts'
import { shutDoor } from './dialects/shut-door.ts'
import { Driver } from './driver.ts'
import type { NoticeEvent, ReadyEvent } from './events.ts'
import { ExitStatus } from './exit.ts'
import { beginFiles, type Once } from './files/begin.ts'
import { FrontDoor } from './files/front-door.ts'
import { ownAddresses } from './files/own-addresses.ts'
import { Finding, interfacesOf } from './finding.ts'
import { Hearsay } from './hearsay.ts'
import { beginHistory } from './history/begin.ts'
import { loadIdentity } from './identity.ts'
import { lockIdentity } from './identity-lock.ts'
import { IgnoreList } from './ignore-list.ts'
import type { Log } from './log.ts'
import type { StartFault } from './options.ts'
import { isOwnHost } from './own-host.ts'
import { portHolder } from './port-holder.ts'
import type { Settings } from './settings.ts'

const FIRST_PORT = 8080
const LAST_PORT = 8999
/** Voice listens this far above the TCP port unless told otherwise. */
const UDP_OFFSET = 1000
const PORT_MAX = 65_535

export interface Started {
  readonly ok: true
  readonly chat: Hearsay
  /** To be told to front ends once they listen. */
  readonly ready: ReadyEvent
  /** Joins the rooms and begins to dial: to be called when the front end hears. */
  begin(): void
  /** Gives up what the process holds beside its connections. */
  release(): void
}

/** Where people's choices are kept, and whether they are. */
function keptChoices({ configFolder, ephemeral }: Settings): { folder: string | null; isWritten: boolean } {
  return { folder: configFolder === '' ? null : configFolder, isWritten: !ephemeral }
}

/** Everything from settings to a node that listens; only joining and dialling are left for `begin`. */
export async function start(settings: Settings, version: string, log: Log, once?: Once): Promise<Started | StartFault> {
  const self = ownIdentity(settings)
  if (!self.ok) return self
  const signing = signingKeyFromSeed(self.seed)
  const outside = await letIn(settings, log)
  const { ignoreList, misread } = whoIsIgnored(settings, log)
  const chat: Hearsay = new Hearsay(signing.publicKey, {
    log,
    async openVoice(voice, people, steering) {
      const { openVoice } = await import('./voice/open.ts')
      const { id } = voice
      return openVoice({
        ...{ settings, environment: process.env, clock: systemClock, log, steering, people, id, voice: voice.voice },
        ...{ listen: ready.udp, emit: (event) => voice.emit(event), foreign: outside?.voice ?? null },
      })
    },
    surroundings: () => ({ ...finding.surroundings, mesh: outside?.meshFault ?? null }),
    ...{ ignoreList, leaving: () => finding.end(), ...(outside === null ? {} : { outside }) },
  })
  const identity = {
    signing,
    agreement: agreementKeyFromSigningSeed(self.seed),
    linkStatic: agreementKeyFromSecret(randomBytes(32)),
  }
  const instant = { nowMs: systemClock.nowMs(), wallMs: systemClock.wallMs() }
  const agent = agentOf(version, settings.dialects)
  const rng = seededRng(randomBytes(16))
  const membership = settings.isStatic ? {} : { membership: chosenNeighbours }
  const name = settings.username ?? ''
  const node = new Node({ identity, name, agent, randomBytes, rng, isKeeping: true, ...membership }, instant)
  const door = new FrontDoor(outside?.tcp ?? shutDoor(bunTcp, systemClock, log))
  const driver = new Driver(node, systemClock, door.talk, (telling) => chat.hear(telling), isOwnHost)
  const listener = await listen(driver, settings)
  if ('ok' in listener) {
    self.release()
    return listener
  }
  const { local } = listener
  const udpPort = settings.udpPort ?? (local.port + UDP_OFFSET <= PORT_MAX ? local.port + UDP_OFFSET : local.port)
  if (settings.username === null) node.named(`user-${local.port}`)
  node.listening(local.port, udpPort)
  const { notice, isLasting } = self
  const forgetful = remember(chat, driver, settings, identity, isLasting)
  const dataFolder = isLasting ? settings.dataFolder : null
  const finding = new Finding(driver, systemClock, {
    ...{ settings, dataFolder, local, key: signing, rng, multicast, log, notice: noticeTo(chat) },
  })
  const files = beginFiles(chat, {
    ...{ identity, randomBytes, rng, clock: systemClock, tcp: bunTcp, door, dataFolder, log, once },
    ...{ policy: settings.acceptFiles, folder: settings.downloadFolder },
    ownAddresses: () => ownAddresses(local, finding.surroundings.interfaces),
    talkedAtMs: node.talkedAtMs,
  })
  log('listening', `Listening on ${formatAddress(local)}.`)
  const udp = { host: local.host, port: udpPort }
  const ready: ReadyEvent = { event: 'ready', version, id: chat.id, name: chat.name(), tcp: local, udp }
  return {
    ok: true,
    chat,
    ready,
    begin() {
      begin(chat, settings, finding, [notice, forgetful, misread])
      if (outside !== null) beginOutside(outside, { chat, driver, settings, local, key: signing.publicKey })
      void files.goOn()
    },
    release() {
      outside?.stop()
      files.stop()
      self.release()
    },
  }
}

function noticeTo(chat: Hearsay): (code: string, message: string) => void {
  return (code, message) => chat.emit({ event: 'notice', code, message })
}

/** With what the user should know of it at the start. */
function whoIsIgnored(settings: Settings, log: Log): { ignoreList: IgnoreList; misread: NoticeEvent | null } {
  const ignoreList = new IgnoreList({ ...keptChoices(settings), log })
  const message = ignoreList.notice
  return { ignoreList, misread: message === null ? null : { event: 'notice', code: 'ignore-list', message } }
}

/** Opens the history and brings it together with the node; answers what the user should know about it. */
function remember(
  chat: Hearsay,
  driver: Driver,
  settings: Settings,
  { signing, agreement }: NodeIdentity,
  isLasting: boolean,
): NoticeEvent | null {
  const { history, kept, notice } = beginHistory({
    ...{ settings, isLasting, clock: systemClock, own: signing.publicKey },
    conversationWith(peer) {
      const theirs = agreementPublicFromIdentity(peer)
      return theirs === null ? null : conversationId(agreement, theirs)
    },
    reach(id) {
      const standing = driver.node.deliveries.reach(id)
      // It left no earlier; while the disk refuses it the history knows better.
      return standing === null ? null : { saved: true, reached: standing.reached, members: standing.of }
    },
    tell: (event, code, message) => chat.emit({ event, code, message: cleanLine(message) }),
  })
  history.attach({
    kept: (seq) => driver.run((node, instant) => node.kept(seq, instant)),
    loaded: (request, bundles) => driver.run((node, instant) => node.loaded(request, bundles, instant)),
    dropped: (feeds) => driver.run((node, instant) => node.dropped(feeds, instant)),
  })
  driver.keepWith(history)
  chat.attach(driver, kept)
  return notice
}

/** What speaks the dialects that are let in; null where none is. */
async function letIn(settings: Settings, log: Log): Promise<DialectDesk | null> {
  if (settings.dialects.length === 0) return null
  const { DialectDesk } = await import('./dialects/desk.ts')
  return new DialectDesk({
    ...{
      asked: settings.dialects,
      clock: systemClock,
      tcp: bunTcp,
      multicast,
      isOurs: isOwnHost,
      log,
      acceptFiles: settings.acceptFiles,
      downloadFolder: settings.downloadFolder,
    },
  })
}

interface Around {
  readonly chat: Hearsay
  readonly driver: Driver
  readonly settings: Settings
  readonly local: Address
  readonly key: Uint8Array
}

function beginOutside(outside: DialectDesk, { chat, driver, settings, local, key }: Around): void {
  const { node } = driver
  outside.begin(
    {
      key,
      name: () => chat.name(),
      joined: () => chat.joined,
      members: () => [...chat.joined].flatMap((room) => node.members(room).map((member) => member.key)),
      neighbours: () =>
        node.peers().map(({ peerKey, remote, hello }) => {
          const address = { host: remote.host, port: hello?.tcpPort ?? 0 }
          return { key: peerKey, address, dialects: bridgedBy(hello?.agent ?? '') }
        }),
      relay: (room, body) => chat.relay(room, body),
      async offer(path, room) {
        const sent = await chat.files.send(path, room)
        return sent.ok ? null : sent.message
      },
      isIgnored: (id) => chat.ignored.has(id),
      emit: (event) => chat.emit(event),
    },
    {
      ...{ local, room: settings.rooms[0]!, randomBytes, wallMs: () => systemClock.wallMs() },
      interfaces: interfacesOf(local.host),
    },
  )
}

function chosenNeighbours(ownKey: string, rng: Rng, nowMs: number): HyParView {
  return new HyParView(ownKey, rng, nowMs)
}

function begin(chat: Hearsay, settings: Settings, finding: Finding, notices: readonly (NoticeEvent | null)[]): void {
  for (const notice of notices) if (notice !== null) chat.emit(notice)
  // The last one joined is current: so the first goes last.
  for (const room of [...settings.rooms].reverse()) {
    const outcome = chat.join(room)
    if (!outcome.ok) chat.emit({ event: 'error', code: outcome.code, message: outcome.message })
  }
  chat.tellUnread()
  if (settings.voice !== null) void speakAtOnce(chat, settings.voice)
  for (const address of settings.connect) chat.keep(address)
  finding.begin()
}

async function speakAtOnce(chat: Hearsay, room: string): Promise<void> {
  const joined = await chat.voice.join(room)
  if (!joined.ok) chat.emit({ event: 'error', code: joined.code, message: joined.message })
}

interface OwnIdentity {
  readonly ok: true
  readonly seed: Uint8Array
  /** What the user should know about it, or null. */
  readonly notice: NoticeEvent | null
  /** It is the same at the next start. */
  readonly isLasting: boolean
  release(): void
}

/** The identity of the config folder; one of this run only where that is asked for or another process is using it. */
function ownIdentity(settings: Settings): OwnIdentity | StartFault {
  const passing = (message: string | null): OwnIdentity => ({
    ok: true,
    seed: randomBytes(32),
    notice: message === null ? null : { event: 'notice', code: 'temporary-identity', message },
    isLasting: false,
    release() {},
  })
  if (settings.ephemeral) return passing(null)
  const lock = lockIdentity(settings.configFolder)
  if (!lock.ok) return lock
  if ('heldBy' in lock) {
    return passing(
      `Your identity and history are in use by another hearsay (pid ${lock.heldBy}), so this one has a temporary one, ` +
        'and keeps what is said in memory. For a second lasting identity start it with another XDG_CONFIG_HOME.',
    )
  }
  const loaded = loadIdentity(settings.configFolder, randomBytes)
  if (!loaded.ok) {
    lock.release()
    return loaded
  }
  return { ok: true, seed: loaded.seed, notice: null, isLasting: true, release: () => lock.release() }
}

/** The port asked for, or the first free one of the usual range, or the system's choice. */
async function listen(driver: Driver, settings: Settings): Promise<Listener | StartFault> {
  const { host, port } = settings
  if (port !== 0) {
    const result = await driver.listen({ host, port })
    return 'local' in result ? result : cannotListen({ host, port }, result)
  }
  for (let candidate = FIRST_PORT; candidate <= LAST_PORT; candidate++) {
    const result = await driver.listen({ host, port: candidate })
    if ('local' in result) return result
    if (result.code !== 'port-taken') return cannotListen({ host, port: candidate }, result)
  }
  const result = await driver.listen({ host, port: 0 })
  return 'local' in result ? result : cannotListen({ host, port: 0 }, result)
}

/** Why a program that cannot listen does not start, and what to do. */
export function cannotListen(address: Address, fault: TcpFault): StartFault {
  const holder = fault.code === 'port-taken' ? portHolder(address.port) : null
  const who = holder === null ? fault.message : `is taken by ${holder}`
  const advice =
    fault.code === 'port-taken'
      ? 'End it, or choose another with --port (0 finds a free one).'
      : 'Choose another with --host and --port.'
  const message = cleanLine(`cannot listen: ${formatAddress(address)} ${who}. ${advice}`)
  return { ok: false, code: `listen-${fault.code}`, message, exit: ExitStatus.cannotListen }
}

export function randomBytes(length: number): Uint8Array {
  return getRandomValues(new Uint8Array(length))
}
