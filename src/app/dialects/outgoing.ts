import { open } from 'node:fs/promises'
import { basename } from 'node:path'

const CHUNK_BYTES = 64 * 1024

/** How a file leaves. */
export interface Sending {
  /** Announces it; answers the name it goes by, or null where that cannot be now. */
  begin(name: string, size: number): string | null
  /** Answers when its bytes may follow. */
  wanted(): Promise<void>
  write(bytes: Uint8Array): Promise<void>
  done(): void
  /** So many bytes were announced that there are not: nothing that follows could be told from them. */
  broken(): void
  tell(line: string): void
}

/** Sends a file whole; answers a sentence where that did not work. */
export async function sendFile(path: string, sending: Sending): Promise<string | null> {
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(path, 'r')
  } catch (error) {
    return `${path} cannot be read: ${reasonOf(error)}. Check the path.`
  }
  try {
    const stat = await file.stat()
    if (!stat.isFile()) return `${path} is no file. Give the path of one.`
    const name = basename(path)
    const sent = sending.begin(name, stat.size)
    if (sent === null) return `${name} cannot be sent now. Try again when the other side is there.`
    if (sent !== name) sending.tell(`It goes by the name ${sent}: the older program cannot read a name with spaces.`)
    await sending.wanted()
    let left = stat.size
    while (left > 0) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(Math.min(CHUNK_BYTES, left)))
      if (bytesRead === 0) break
      left -= bytesRead
      await sending.write(buffer.subarray(0, bytesRead))
    }
    if (left > 0) {
      sending.broken()
      return `${name} became shorter while it was sent: the connection had to be closed. Connect and send it again.`
    }
    sending.done()
    sending.tell(`${sent} was sent (${stat.size} bytes).`)
    return null
  } catch (error) {
    sending.broken()
    return `${path} could not be sent: ${reasonOf(error)}. Connect and try again.`
  } finally {
    await file.close()
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'there is no such file'
  return error instanceof Error ? error.message : String(error)
}
