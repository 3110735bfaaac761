/** Of the one who speaks, and of a router towards the one who hears. */
export const DEVICE = 'voice0'

/** Runs it to its end; throws where it fails. */
export function run(...command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command])
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr.toString()}`)
}

interface Plug {
  /** A network namespace; null for ours. */
  readonly namespace: string | null
  readonly device: string
  readonly host: string
}

/** Network namespaces for one who speaks and, where there is one, a router; joined to ours by a cable each. Takes root. */
export class Cable {
  /** Where the one who speaks is, and where the queue is. */
  readonly inside: readonly string[]
  readonly atQueue: readonly string[]
  /** Their addresses. */
  readonly speaker: string
  readonly hearer: string
  private readonly namespaces: readonly string[]
  private readonly end = `hs${process.pid}`

  constructor(hasRouter: boolean) {
    const net = `10.78.${process.pid % 250}`
    const [speaker, router] = [`hearsay-${process.pid}`, `hearsay-${process.pid}-router`]
    this.namespaces = hasRouter ? [speaker, router] : [speaker]
    this.inside = within(speaker)
    this.atQueue = within(hasRouter ? router : speaker)
    this.speaker = `${net}.1`
    this.hearer = hasRouter ? `${net}.6` : `${net}.2`
    for (const namespace of this.namespaces) run('ip', 'netns', 'add', namespace)
    const ours = { namespace: null, device: this.end, host: this.hearer }
    const theirs = { namespace: speaker, device: DEVICE, host: this.speaker }
    if (!hasRouter) {
      join(theirs, ours)
      return
    }
    const [near, far] = [`${net}.2`, `${net}.5`]
    join(theirs, { namespace: router, device: 'near0', host: near })
    join({ namespace: router, device: DEVICE, host: far }, ours)
    run(...within(router), 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward')
    run('ip', '-n', speaker, 'route', 'add', 'default', 'via', near)
    run('ip', 'route', 'add', `${net}.0/30`, 'via', far)
  }

  remove(): void {
    for (const namespace of this.namespaces) Bun.spawnSync(['ip', 'netns', 'delete', namespace])
    Bun.spawnSync(['ip', 'link', 'delete', this.end])
  }
}

function join(a: Plug, b: Plug): void {
  const to = (namespace: string | null): string[] => (namespace === null ? [] : ['netns', namespace])
  run('ip', 'link', 'add', a.device, ...to(a.namespace), 'type', 'veth', 'peer', 'name', b.device, ...to(b.namespace))
  for (const { namespace, device, host } of [a, b]) {
    const ip = namespace === null ? ['ip'] : ['ip', '-n', namespace]
    run(...ip, 'address', 'add', `${host}/30`, 'dev', device)
    // A wire carries no segments of 64 kB.
    run(...ip, 'link', 'set', device, 'up', 'gso_max_segs', '1')
  }
}

function within(namespace: string): string[] {
  return ['ip', 'netns', 'exec', namespace]
}
