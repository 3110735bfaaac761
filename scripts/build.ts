/**
 * Compiles src/main.ts into one executable: `build.ts [--all] [--out DIR] [--quiet]`.
 *
 * The runtimes of other systems come as packages (`@oven/bun-…`) from the npm registry; Bun fetches and caches them itself.
 */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import manifest from '../package.json' with { type: 'json' }
import { kindOfExecutable } from './executable.ts'

interface Target {
  /** Our name for it: the folder under dist/. */
  readonly name: string
  readonly bunTarget: Bun.Build.CompileTarget
  /** What kindOfExecutable() must say of the result. */
  readonly kind: string
  readonly note?: string
}

const TARGETS: readonly Target[] = [
  { name: 'linux-x64', bunTarget: 'bun-linux-x64', kind: 'ELF x64 glibc' },
  { name: 'linux-arm64', bunTarget: 'bun-linux-arm64', kind: 'ELF arm64 glibc' },
  { name: 'linux-x64-musl', bunTarget: 'bun-linux-x64-musl', kind: 'ELF x64 musl' },
  { name: 'macos-arm64', bunTarget: 'bun-darwin-arm64', kind: 'Mach-O arm64' },
  {
    name: 'macos-x64',
    bunTarget: 'bun-darwin-x64',
    kind: 'Mach-O x64',
    note: 'sign on a Mac before its first start: codesign --force --sign - hearsay',
  },
  { name: 'windows-x64', bunTarget: 'bun-windows-x64', kind: 'PE x64' },
]

const ROOT = resolve(import.meta.dir, '..')

class BuildError extends Error {}

/** The addon for sound is compiled for this machine alone: programs for others go without, and say so when voice is asked for. */
function hasSound(target: Target | undefined): boolean {
  const isForHere = target === undefined || target.name === `${process.platform}-${process.arch}`
  return isForHere && existsSync(join(ROOT, 'node_modules/naudiodon/build/Release/naudiodon.node'))
}

/** Why there is none in it; the addon is compiled against the system's own ALSA. */
function withoutSound(target: Target | undefined): string {
  if (target === undefined) return 'without voice'
  const isLinux = target.name.startsWith('linux')
  return `without voice, which ${isLinux ? 'takes scripts/build on such a machine' : 'is built in on Linux only'}`
}

/** Writes beside the place and renames, so that nobody ever starts half a program; returns its size in bytes. */
async function compile(outfile: string, target: Target | undefined): Promise<number> {
  const startedAt = new Date()
  const partial = `${outfile.replace(/\.exe$/, '')}.${process.pid}.partial${outfile.endsWith('.exe') ? '.exe' : ''}`
  mkdirSync(dirname(outfile), { recursive: true })
  try {
    await Bun.build({
      // A thread begins from a file of its own; the first is the program.
      entrypoints: [join(ROOT, 'src/main.ts'), join(ROOT, 'src/adapters/disk-worker.ts')],
      compile: {
        outfile: partial,
        ...(target && { target: target.bunTarget }),
        // The folder a user happens to start it in has no say in what the program does.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
      },
      minify: true,
      bytecode: true,
      format: 'esm', // The default with bytecode, CommonJS, refuses a top-level await.
      define: {
        HEARSAY_VERSION: JSON.stringify(manifest.version),
        HEARSAY_SOUND: String(hasSound(target)),
        'process.env.NODE_ENV': '"production"',
      },
    })
    const kind = await kindOfExecutable(partial)
    if (target && kind !== target.kind) throw new BuildError(`it came out as ${kind}, not ${target.kind}`)
    chmodSync(partial, 0o755)
    // As old as the sources it was made from: a change made while it was being built counts as newer.
    utimesSync(partial, startedAt, startedAt)
    renameSync(partial, outfile)
    return statSync(outfile).size
  } finally {
    rmSync(partial, { force: true })
  }
}

function checkThatItStarts(program: string): void {
  const run = Bun.spawnSync([program, '--version'], { env: {}, stdin: 'ignore', timeout: 20_000 })
  const said = run.stdout.toString().trim()
  if (run.exitCode === 0 && said.includes(manifest.version)) return
  const detail = run.stderr.toString().trim() || said || 'nothing'
  throw new BuildError(`it ends with status ${run.exitCode} when asked for its version, and says: ${detail}`)
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((each) => Bun.inspect(each)).join('\n')
  return error instanceof Error ? error.message : String(error)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      out: { type: 'string', default: join(ROOT, 'dist') },
      quiet: { type: 'boolean', default: false },
    },
  })
  const out = resolve(values.out)
  const jobs: { outfile: string; target?: Target }[] = values.all
    ? TARGETS.map((target) => ({
        target,
        outfile: join(out, target.name, target.name.startsWith('windows') ? 'hearsay.exe' : 'hearsay'),
      }))
    : [{ outfile: join(out, process.platform === 'win32' ? 'hearsay.exe' : 'hearsay') }]
  let failed = 0
  for (const { outfile, target } of jobs) {
    const name = target?.name ?? 'this machine'
    const near = relative(process.cwd(), outfile)
    const path = near.startsWith('..') ? outfile : near
    try {
      const bytes = await compile(outfile, target)
      if (!target) checkThatItStarts(outfile)
      const sound = hasSound(target) ? [] : [withoutSound(target)]
      const notes = [...sound, ...(target?.note ? [target.note] : [])].map((note) => `; ${note}`).join('')
      if (!values.quiet) console.log(`${path}: ${name}, ${(bytes / 1e6).toFixed(1)} MB${notes}`)
    } catch (error) {
      failed += 1
      console.error(`hearsay: ${path} (${name}) could not be built: ${reasonOf(error)}`)
    }
  }
  return failed === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`hearsay: build: ${reasonOf(error)} Options: --all, --out DIR, --quiet.`)
  process.exitCode = 2
}
