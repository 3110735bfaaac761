import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** What is measured side by side, in the order of the table. */
export const IMPLEMENTATIONS = ['hearsay', 'overlay', 'flood', 'gossipsub', 'rawtcp'] as const

export type Implementation = (typeof IMPLEMENTATIONS)[number]

/** As they stand in tables. */
export const TITLES: Record<Implementation, string> = {
  hearsay: 'hearsay',
  overlay: 'hearsay, own overlay',
  flood: 'flood',
  gossipsub: 'gossipsub',
  rawtcp: 'raw TCP',
}

/** Ready to be started, or why not: a sentence for the user. */
export type Prepared = { readonly command: readonly string[] } | { readonly missing: string }

const CACHE = resolve(import.meta.dir, '../../../.cache/bench')
const INSTALL_MS_MAX = 180_000

/** Adapters of Node are bundled first, so that they too can be TypeScript and share the kit. */
const NODE_SOURCES = { flood: 'flood.ts', gossipsub: 'gossipsub/gossipsub.mjs' } as const

export async function prepare(implementation: Implementation): Promise<Prepared> {
  const ofBun = (source: string, ...flags: string[]): Prepared => ({
    command: [process.execPath, join(import.meta.dir, source), ...flags],
  })
  if (implementation === 'hearsay') return ofBun('hearsay.ts', '--static')
  if (implementation === 'overlay') return ofBun('hearsay.ts')
  if (implementation === 'rawtcp') return ofBun('rawtcp.ts')
  const node = Bun.which('node')
  if (node === null) return { missing: `${implementation} is left out: it runs in Node.js, which is not on PATH.` }
  if (implementation === 'gossipsub') {
    const fault = installGossipsub()
    if (fault !== null) return { missing: `gossipsub is left out: ${fault}` }
  }
  return { command: [node, await bundle(implementation)] }
}

async function bundle(implementation: keyof typeof NODE_SOURCES): Promise<string> {
  const outdir = join(CACHE, implementation)
  const result = await Bun.build({
    entrypoints: [join(import.meta.dir, NODE_SOURCES[implementation])],
    outdir,
    naming: 'node.mjs',
    target: 'node',
    packages: 'external',
  })
  return result.outputs[0]!.path
}

/** js-libp2p and its gossipsub, exactly as the lock file beside the adapter pins them. Null when well. */
function installGossipsub(): string | null {
  const folder = join(CACHE, 'gossipsub')
  const source = join(import.meta.dir, 'gossipsub')
  const lock = readFileSync(join(source, 'bun.lock'), 'utf8')
  const installed = join(folder, 'node_modules/bun.lock')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return null
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'bun.lock']) copyFileSync(join(source, file), join(folder, file))
  const result = Bun.spawnSync(
    [process.execPath, 'install', '--frozen-lockfile', '--ignore-scripts', '--production', '--no-progress'],
    { cwd: folder, stdin: 'ignore', timeout: INSTALL_MS_MAX },
  )
  if (result.exitCode !== 0) {
    const line = result.stderr.toString().trim().split('\n').at(-1) ?? ''
    return `its packages could not be installed (${line}). Check that the npm registry can be reached.`
  }
  copyFileSync(join(source, 'bun.lock'), installed)
  return null
}
