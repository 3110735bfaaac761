/**
 * What a file is that claims to be a program, from its first bytes alone: `ELF x64 glibc`, `Mach-O arm64`, `PE x64`.
 *
 * Sources: System V ABI (ELF header), Mach-O `mach_header_64`, Microsoft PE/COFF specification.
 */

/** Enough for the headers, the PE stub and the name of the ELF interpreter. */
const HEAD_BYTES = 4096

const ELF_MACHINES: Record<number, string> = { 62: 'x64', 183: 'arm64' }
const MACH_CPUS: Record<number, string> = { 16777223: 'x64', 16777228: 'arm64' }
const PE_MACHINES: Record<number, string> = { 34404: 'x64', 43620: 'arm64' }

function libcOf(head: Buffer): string {
  if (head.includes('/ld-musl-')) return 'musl'
  return head.includes('/ld-linux') ? 'glibc' : 'static'
}

/** Never throws for what is in the file; `unknown` where it is none of the three formats, or of another processor. */
export async function kindOfExecutable(path: string): Promise<string> {
  const head = Buffer.from(await Bun.file(path).slice(0, HEAD_BYTES).arrayBuffer())
  if (head.length < 64) return 'unknown'
  if (head.readUInt32BE(0) === 0x7f454c46) {
    return `ELF ${ELF_MACHINES[head.readUInt16LE(18)] ?? 'unknown'} ${libcOf(head)}`
  }
  if (head.readUInt32LE(0) === 0xfeedfacf) return `Mach-O ${MACH_CPUS[head.readUInt32LE(4)] ?? 'unknown'}`
  const pe = head.readUInt32LE(0x3c)
  if (head.toString('latin1', 0, 2) === 'MZ' && pe + 6 <= head.length && head.readUInt32BE(pe) === 0x50450000) {
    return `PE ${PE_MACHINES[head.readUInt16LE(pe + 4)] ?? 'unknown'}`
  }
  return 'unknown'
}
