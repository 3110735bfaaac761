import { expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MS_MAX = 60_000

test(
  'codec and noise suppressor are within the one executable, which runs where there is nothing else',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hearsay-codec-'))
    try {
      const program = join(folder, process.platform === 'win32' ? 'codec.exe' : 'codec')
      await Bun.build({
        entrypoints: [join(import.meta.dir, 'codec-entry.ts')],
        // As scripts/build.ts does it.
        compile: { outfile: program, autoloadDotenv: false, autoloadBunfig: false },
        minify: true,
        bytecode: true,
        format: 'esm',
      })
      const empty = join(folder, 'empty')
      mkdirSync(empty)
      const run = Bun.spawnSync([program], { cwd: empty, env: {}, stdin: 'ignore', timeout: MS_MAX })
      expect(run.stderr.toString()).toBe('')
      expect(Number(run.stdout.toString())).toBeGreaterThan(0.8)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  MS_MAX,
)
