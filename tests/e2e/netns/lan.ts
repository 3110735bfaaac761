import { Program, temporaryHome } from '../program.ts'
import { Namespace } from './namespace.ts'

/** Both kinds of addresses, or only the newer. */
export type Families = 'both' | 'six'

/** Addresses from 1 up, in one byte. */
const MACHINES_MAX = 254
/** The routing table that leads nowhere. */
const LOST = 77

/** One machine of a local network: a namespace with a loopback, a network card and addresses of its own. */
export class Machine {
  constructor(
    readonly number: number,
    private readonly lan: Lan,
    readonly namespace: Namespace,
    readonly families: Families,
  ) {}

  get four(): string {
    return `10.72.83.${this.number}`
  }

  get six(): string {
    return `fd72:83::${this.number.toString(16)}`
  }

  /** Any program that can be started, in this machine. */
  get via(): string[] {
    return this.namespace.via
  }

  /** How the others reach a program that runs here. */
  addressOf(program: Program): string {
    return this.families === 'six' ? `[${this.six}]:${program.port}` : `${this.four}:${program.port}`
  }

  /** Not yet ready when this returns. Killed when the network is closed, if it runs until then. */
  launch(args: readonly string[], home = temporaryHome()): Program {
    const program = new Program(args, { home, via: this.via })
    this.lan.programs.add(program)
    return program
  }

  async start(args: readonly string[], home?: string): Promise<Program> {
    const program = this.launch(args, home)
    await program.until((line) => line.event === 'ready')
    return program
  }

  /**
   * How often its kernel sends something again that is not answered, before it ends the connection: 15 times unless told otherwise, which
   * takes a quarter of an hour; after 3 times it has taken some 3 seconds.
   */
  async sendAgain(times: number): Promise<void> {
    const set = ['sh', '-c', 'echo "$0" > /proc/sys/net/ipv4/tcp_retries2', String(times)]
    const status = await Bun.spawn([...this.via, ...set], { stderr: 'inherit' }).exited
    if (status !== 0) throw new Error(`tcp_retries2 cannot be set on machine ${this.number}`)
  }

  /** Datagrams from here to another get lost from now on, and connections go on: as behind a firewall that lets no UDP pass. */
  async loseDatagramsTo(other: Machine): Promise<void> {
    await this.layVoid(other)
    await this.namespace.ip([`rule add to ${other.four} ipproto udp lookup ${LOST}`])
  }

  /** And arrive again. */
  async findDatagramsTo(other: Machine): Promise<void> {
    await this.namespace.ip([`rule del to ${other.four} ipproto udp lookup ${LOST}`, 'link del void'])
  }

  /**
   * Nothing from here reaches a port of another over IPv4 any more: as behind a firewall that lets nobody in there. Connections that come
   * from there go on.
   */
  async losePathTo(other: Machine, port: number): Promise<void> {
    await this.layVoid(other)
    await this.namespace.ip([`rule add ${lostPort(other, port)}`])
  }

  /** And arrives again. */
  async findPathTo(other: Machine, port: number): Promise<void> {
    await this.namespace.ip([`rule del ${lostPort(other, port)}`, 'link del void'])
  }

  /** Its card is switched off: the cable has no end here, as where no radio is in reach. */
  async goOffline(): Promise<void> {
    await this.namespace.ip(['link set eth0 down'])
  }

  /** And on again. What it had for addresses of the newer kind it has lost, and gets again. */
  async goOnline(): Promise<void> {
    await this.namespace.ip(['link set eth0 up', ...this.sixes.map((address) => `addr replace ${address}`)])
  }

  /** Has an address that it had not, instead of the one it had. */
  async moveTo(four: string): Promise<void> {
    await this.namespace.ip([`addr del ${this.four}/24 dev eth0`, `addr add ${four}/24 dev eth0`])
  }

  /** A cable whose other end lies here too, where nobody takes what is for somebody else. */
  private layVoid(other: Machine): Promise<void> {
    return this.namespace.ip([
      'link add void type veth peer name end',
      'link set end up',
      'link set void arp off up',
      `route add ${other.four} dev void table ${LOST}`,
    ])
  }

  /** What `ip -batch` has to do in here once the cable is laid. Given addresses need not be tried for doubles. */
  get wiring(): string[] {
    const addresses = [...this.sixes]
    if (this.families === 'both') addresses.push(`${this.four}/24 dev eth0`)
    return [
      'link set lo up',
      'link set eth0 addrgenmode none',
      'link set eth0 up',
      ...addresses.map((address) => `addr add ${address}`),
    ]
  }

  private get sixes(): string[] {
    return [`fe80::${this.number.toString(16)}/64 dev eth0 nodad`, `${this.six}/64 dev eth0 nodad`]
  }
}

/**
 * Machines on one bridge, in a namespace of its own: a local network that ends at itself. The bridge passes multicast to everybody,
 * as a plain switch does. To be closed whatever happens: `await using`.
 */
export class Lan implements AsyncDisposable {
  readonly machines: Machine[] = []
  readonly programs = new Set<Program>()
  private constructor(private readonly hub: Namespace) {}

  static async open(count: number, families: Families = 'both'): Promise<Lan> {
    if (count > MACHINES_MAX) throw new Error(`a local network here has at most ${MACHINES_MAX} machines`)
    const lan = new Lan(await Namespace.open())
    try {
      await lan.build(count, families)
    } catch (error) {
      await lan[Symbol.asyncDispose]()
      throw error
    }
    return lan
  }

  /**
   * From now on these machines hear only each other, and the rest hears nothing of them: they are moved to a second bridge. Nobody is
   * told; cards stay up, connections across stay open, and what is sent over them is simply not answered.
   */
  cut(apart: readonly Machine[]): Promise<void> {
    return this.plug(apart, 'bridge1')
  }

  /** The card of a machine is taken out, and another put in, by that name and with that address; all within a few milliseconds. */
  async changeCard(machine: Machine, name: string, four: string, mac = '02:00:00:00:00:01'): Promise<void> {
    const port = `port${machine.number}`
    await this.hub.ip([
      `link del ${port}`,
      `link add name ${port} type veth peer name ${name} address ${mac} netns ${machine.namespace.pid}`,
      `link set ${port} master bridge0 up`,
    ])
    await machine.namespace.ip([`addr add ${four}/24 dev ${name}`, `link set ${name} up`])
  }

  /** The cable of a machine has no other end, and its card knows. */
  pullOut(machine: Machine): Promise<void> {
    return this.hub.ip([`link set port${machine.number} down`])
  }

  putIn(machine: Machine): Promise<void> {
    return this.hub.ip([`link set port${machine.number} up`])
  }

  rejoin(): Promise<void> {
    return this.plug(this.machines, 'bridge0')
  }

  /** Ends every program of it, and takes the machines and cables away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.programs].map((program) => program.close()))
    await Promise.all([...this.machines.map((machine) => machine.namespace), this.hub].map((each) => close(each)))
  }

  private async build(count: number, families: Families): Promise<void> {
    const opened = await Promise.allSettled(Array.from({ length: count }, () => Namespace.open(this.hub)))
    const wrong: unknown[] = []
    for (const [i, each] of opened.entries()) {
      if (each.status === 'fulfilled') this.machines.push(new Machine(i + 1, this, each.value, families))
      else wrong.push(each.reason)
    }
    if (wrong.length > 0) throw wrong[0]
    const bridges = ['bridge0', 'bridge1']
    await this.hub.ip([
      ...bridges.map((name) => `link add name ${name} type bridge mcast_snooping 0`),
      ...bridges.map((name) => `link set ${name} up`),
      ...this.machines.map(
        ({ number, namespace }) => `link add name port${number} type veth peer name eth0 netns ${namespace.pid}`,
      ),
    ])
    await this.rejoin()
    await Promise.all(this.machines.map((machine) => machine.namespace.ip(machine.wiring)))
  }

  private plug(machines: readonly Machine[], bridge: string): Promise<void> {
    return this.hub.ip(machines.map(({ number }) => `link set port${number} master ${bridge} up`))
  }
}

function close(namespace: Namespace): Promise<void> {
  return namespace[Symbol.asyncDispose]()
}

function lostPort(other: Machine, port: number): string {
  return `to ${other.four} ipproto tcp dport ${port} lookup ${LOST}`
}
