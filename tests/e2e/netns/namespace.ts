/**
 * Network namespaces without names. A namespace lives as long as a process in it, and the one that holds it open here ends
 * with its input: however this process ends, the kernel takes the namespaces away, and the links in them. Nothing is left to find and
 * remove the next time, and the machine's own network is never touched.
 */

/** A user who is not root is one in a user namespace of the harness's own, where the machine allows that. */
const UNPRIVILEGED = process.getuid?.() !== 0

/** All that the tests need of a machine, done in a namespace that is gone at once. */
const TRIAL = [
  'ip link add name trial type bridge mcast_snooping 0',
  'ip link add name one type veth peer name two',
  'ip link set one master trial up',
].join(' && ')

/** Why no networks can be made here, as the end of a sentence; null where they can. */
export function whyNoNetworks(): string | null {
  if (process.platform !== 'linux') return 'only Linux has network namespaces'
  for (const [tool, from] of [
    ['unshare', 'util-linux'],
    ['nsenter', 'util-linux'],
    ['ip', 'iproute2'],
  ] as const) {
    if (Bun.which(tool) === null) return `${tool} is missing (it comes with ${from})`
  }
  const trial = Bun.spawnSync(['unshare', ...(UNPRIVILEGED ? ['--map-root-user'] : []), '--net', 'sh', '-c', TRIAL])
  if (trial.exitCode === 0) return null
  const [cause = ''] = trial.stderr.toString().trim().split('\n')
  return `namespaces, bridges or virtual cables may not be made${cause === '' ? '' : ` (${cause})`}`
}

export class Namespace implements AsyncDisposable {
  private constructor(private readonly holder: Bun.Subprocess<'pipe', 'pipe', 'inherit'>) {}

  /** `within`: the one whose rights it shares, so that cables can be laid between them. */
  static async open(within?: Namespace): Promise<Namespace> {
    const fresh = within === undefined && UNPRIVILEGED ? ['--map-root-user'] : []
    const command = [...(within?.via ?? []), 'unshare', ...fresh, '--net', 'cat']
    const holder = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
    holder.stdin.write('open\n')
    holder.stdin.flush()
    // What comes back has come through the new namespace: from here on the process can be named as being in it.
    const { done } = await holder.stdout.getReader().read()
    if (done) throw new Error(`a network namespace could not be made: ${command.join(' ')} ended`)
    return new Namespace(holder)
  }

  /** By which the kernel's tools name it. */
  get pid(): number {
    return this.holder.pid
  }

  /** To be put before a command, which then runs in here under the process id it would have had anyway. */
  get via(): string[] {
    const user = UNPRIVILEGED ? ['--user', '--preserve-credentials'] : []
    return ['nsenter', `--target=${this.pid}`, ...user, '--net', '--']
  }

  /** Lines as `ip -batch` takes them; one process, so that they happen within a few milliseconds. Throws when one fails. */
  async ip(lines: readonly string[]): Promise<void> {
    const child = Bun.spawn([...this.via, 'ip', '-batch', '-'], {
      stdin: Buffer.from(`${lines.join('\n')}\n`),
      stdout: 'ignore',
      stderr: 'pipe',
    })
    const [errors, status] = await Promise.all([child.stderr.text(), child.exited])
    if (status !== 0) throw new Error(`ip: ${errors.trim()}, for:\n${lines.join('\n')}`)
  }

  /** Everything that still runs in it has to be ended first, or lives on in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.holder.stdin.end()
    await this.holder.exited
  }
}
