import { toHex } from '../../base/bytes.ts'
import { planFolder } from '../../core/transfer/folder.ts'
import type { Files, FilesFault, Target } from '../../ports/files.ts'

/** Unfinished files of about the same name that are looked into. */
const LOOKED_INTO_MAX = 16

/** Goes on with something in a folder that an earlier run has begun, by one of its `unfinished` names. */
export function resumeBegun(files: Files, folder: string, name: string): Promise<Target | FilesFault> {
  return files.resume(folder, name, ({ offer }, manifest) => planFolder(manifest, offer.size))
}

/** What has come of a content before, in this run or another, by its root in hexadecimal and its name; null where nothing has. */
export async function findBegun(
  files: Files,
  folder: string,
  { name, root }: { readonly name: string; readonly root: string },
): Promise<Target | null> {
  const stem = name.replace(/\.[^.]*$/, '')
  const begun = (await files.unfinished(folder)).filter((each) => each.startsWith(stem)).slice(0, LOOKED_INTO_MAX)
  for (const each of begun) {
    const target = await resumeBegun(files, folder, each)
    if (!target.ok) continue
    if (toHex(target.header.offer.root) === root) return target
    target.close()
  }
  return null
}
