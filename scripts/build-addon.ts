/**
 * Compiles naudiodon with PortAudio in it into one file, which the executable embeds: `build-addon.ts [--install]`.
 *
 * Nothing of its own build is used: that takes node-gyp, links a library beside it, and its JavaScript loads a package that
 * does not load in Bun. Where it cannot be made, one line says why and what to do, and the build goes on without voice:
 * so this ends with status 0 all the same. With --install missing system packages are installed, where that may be.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dir, '..')
const NAUDIODON = join(ROOT, 'node_modules/naudiodon')
const HEADERS = join(dirname(require.resolve('node-api-headers/package.json')), 'include')
const OURS = ['scripts/build-addon-hosts.c', 'scripts/build-addon-urgency.c'].map((path) => join(ROOT, path))

/** Where src/adapters/portaudio-addon.ts looks, by its name in the package. */
const ADDON = join(NAUDIODON, 'build/Release/naudiodon.node')
/** What the addon beside it was made from. */
const STAMP = join(NAUDIODON, 'build/Release/inputs')

const SYSTEM_PACKAGES = ['g++', 'portaudio19-dev', 'libasound2-dev']

const COMPILE =
  '-O2 -fPIC -std=c++17 -fvisibility=hidden -fvisibility-inlines-hidden -w -DNODE_GYP_MODULE_NAME=naudiodon'
/** Everything but ALSA and the C library goes in; what is missing shows when it is loaded, not in the middle of a call. */
const LINK = '-shared -static-libstdc++ -static-libgcc -Wl,--exclude-libs,ALL -Wl,-z,now -Wl,--gc-sections -s'

class AddonError extends Error {}

function run(command: readonly string[]): { ok: boolean; output: string } {
  const done = Bun.spawnSync([...command], { stdin: 'ignore', env: { ...process.env, LC_ALL: 'C' } })
  return { ok: done.exitCode === 0, output: `${done.stdout}${done.stderr}`.trim() }
}

/** The path of a library of the system, or null. */
function library(name: string): string | null {
  const { ok, output } = run(['g++', `-print-file-name=${name}`])
  return ok && output.startsWith('/') ? output : null
}

function missingPackages(): string[] {
  if (Bun.which('g++') === null) return SYSTEM_PACKAGES
  const has = { 'portaudio19-dev': library('libportaudio.a'), 'libasound2-dev': library('libasound.so') }
  return Object.entries(has).flatMap(([name, path]) => (path === null ? [name] : []))
}

function installPackages(): void {
  if (process.getuid?.() !== 0 || Bun.which('apt-get') === null) return
  if (process.stderr.isTTY) console.error(`hearsay: installing ${SYSTEM_PACKAGES.join(', ')} for voice, once`)
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...SYSTEM_PACKAGES]
  if (run(['env', 'DEBIAN_FRONTEND=noninteractive', ...install]).ok) return
  run(['apt-get', 'update'])
  const { ok, output } = run(['env', 'DEBIAN_FRONTEND=noninteractive', ...install])
  if (!ok) throw new AddonError(`apt-get could not install ${SYSTEM_PACKAGES.join(' ')}: ${output.split('\n').at(-1)}`)
}

/** Changes whenever the addon would come out as another. */
function fingerprint(sources: readonly string[]): string {
  const hash = createHash('sha256')
    .update(COMPILE)
    .update(LINK)
    .update(process.arch)
    .update(run(['g++', '--version']).output)
  const headers = readdirSync(join(NAUDIODON, 'src')).map((name) => join(NAUDIODON, 'src', name))
  const all = new Set([...sources, ...headers, join(HEADERS, '../package.json'), library('libportaudio.a') ?? ''])
  for (const path of [...all].toSorted()) hash.update(path).update(readFileSync(path))
  return hash.digest('hex')
}

function compile(sources: readonly string[], inputs: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-addon-'))
  const partial = ADDON.replace(/node$/, `${process.pid}.node`)
  try {
    mkdirSync(dirname(ADDON), { recursive: true })
    const includes = [`-I${HEADERS}`, `-I${join(NAUDIODON, 'portaudio/include')}`]
    const objects = OURS.map((source) => join(folder, `${basename(source, '.c')}.o`))
    const steps = [
      ...OURS.map((source, i) => ['gcc', '-O2', '-fPIC', '-c', source, '-o', objects[i]!]),
      [
        ...[
          'g++',
          ...COMPILE.split(' '),
          ...includes,
          ...sources,
          ...objects,
          library('libportaudio.a') ?? '-lportaudio',
        ],
        ...['-lasound', '-lpthread', ...LINK.split(' '), '-o', partial],
      ],
      // What the linker leaves open for Bun to fill in may be more than Bun has.
      [process.execPath, '-e', `require(${JSON.stringify(partial)}).getHostAPIs`],
    ]
    for (const step of steps) {
      const { ok, output } = run(step)
      if (ok) continue
      const cause = output.split('\n').find((line) => /error|undefined|cannot/i.test(line)) ?? output
      throw new AddonError(`naudiodon could not be compiled: ${cause}`)
    }
    renameSync(partial, ADDON)
    writeFileSync(STAMP, inputs)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    rmSync(partial, { force: true })
  }
}

function main(): void {
  if (process.platform !== 'linux') throw new AddonError('sound is built in on Linux only.')
  if (missingPackages().length > 0 && process.argv.includes('--install')) installPackages()
  const missing = missingPackages()
  if (missing.length > 0) {
    const command = `apt-get install ${missing.join(' ')}`
    throw new AddonError(
      `it takes ${missing.join(', ')}. Install them (Debian and Ubuntu: ${command}), then run scripts/build.`,
    )
  }
  const sources = readdirSync(join(NAUDIODON, 'src')).flatMap((name) =>
    name.endsWith('.cc') ? [join(NAUDIODON, 'src', name)] : [],
  )
  const inputs = fingerprint([...sources, ...OURS])
  if (existsSync(ADDON) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === inputs) return
  compile(sources, inputs)
}

try {
  main()
} catch (error) {
  rmSync(ADDON, { force: true })
  const reason = error instanceof Error ? error.message : String(error)
  console.error(`hearsay: this build has no voice: ${reason}`)
}
