import { join } from 'node:path'
import { EXECUTABLE, temporaryHome } from './program.ts'

/** `hearsay send` or `hearsay receive`, as a script starts them. */
export class Once {
  readonly home: string
  readonly child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  readonly output: Promise<Uint8Array>
  readonly errors: Promise<string>

  constructor(
    readonly args: readonly string[],
    home = temporaryHome(),
    via: readonly string[] = [],
  ) {
    this.home = home
    this.child = Bun.spawn([...via, EXECUTABLE, ...args], {
      cwd: home,
      env: { HOME: home, XDG_CONFIG_HOME: join(home, 'config'), TMPDIR: home },
      ...{ stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' },
    })
    this.output = new Response(this.child.stdout).bytes()
    this.errors = new Response(this.child.stderr).text()
  }

  async ended(): Promise<{ status: number; output: string; errors: string }> {
    const [status, output, errors] = await Promise.all([this.child.exited, this.output, this.errors])
    return { status, output: new TextDecoder().decode(output), errors }
  }
}
