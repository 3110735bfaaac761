/** Text from the network, made safe to show. */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const SUSPECT =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u0300-\u036f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{M}{9}|[\ud800-\udfff]/u
export const NAME_GRAPHEMES_MAX = 32
const NAME_BYTES_MAX = 128
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes)
  } catch {
    return null
  }
}

export function cleanText(text: string): string {
  if (!SUSPECT.test(text)) return text
  return text
    .toWellFormed()
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_])/g, '')
    .replace(/\t/g, '    ')
    .replace(
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
      '',
    )
    .replace(/(\p{M}{8})\p{M}+/gu, '$1')
}

export function cleanLine(text: string): string {
  return cleanText(text).replace(/\n+/g, ' ')
}

export function cleanName(text: string): string {
  const line = cleanLine(text).replace(/\s+/g, ' ').trim()
  let name = ''
  let count = 0
  for (const { segment } of segmenter.segment(line)) {
    if (count++ >= NAME_GRAPHEMES_MAX || new TextEncoder().encode(name + segment).length > NAME_BYTES_MAX) break
    name += segment
  }
  return name.trim()
}
