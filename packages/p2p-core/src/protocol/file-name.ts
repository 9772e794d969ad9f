import { P2pError } from '../errors.ts'
import { MAX_FILE_NAME_BYTES } from '../limits.ts'

// Room in a stored name for what is added to it: " (999)".
const LOCAL_NAME_BYTES = MAX_FILE_NAME_BYTES - 16
// Control characters; and those that turn the direction of writing, with which "gpj.exe" is made to look like "exe.jpg".
const UNSEEN = /[\p{Cc}\p{Bidi_Control}]/u
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i

/** Returns a name that may be offered. Throws FILE_NAME_INVALID for a path, an unseen character, nothing, or more than 255 bytes. */
export function requireFileName(name: string): string {
  const problem = problemOf(name)
  if (problem === undefined) return name
  throw new P2pError('FILE_NAME_INVALID', `The file name ${JSON.stringify(name.slice(0, 60))} ${problem}; rename the file`)
}

/**
 * The name under which a received file is stored, on any common file system: without characters that are reserved somewhere, without the
 * names of devices, not hidden, and short enough to be numbered. Takes what `requireFileName` let through; gives such a name.
 */
export function localFileName(name: string): string {
  const cleaned = name.normalize('NFC')
    .replace(/[<>:"|?*\u2028\u2029]/g, '_')
    .replace(/[. ]+$/, '')
    .replace(/^[. ]+/, '_')
  const shortened = shorten(cleaned === '' ? 'file' : cleaned)
  return DEVICE.test(shortened) ? `_${shortened}` : shortened
}

/** The name with a number before its ending: `a.png`, 2 → `a (2).png`. */
export function numberedName(name: string, number: number): string {
  if (number < 2) return name
  const { stem, ending } = split(name)
  return `${stem} (${number})${ending}`
}

function problemOf(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'is none'
  if (/[/\\]/.test(name)) return 'has a path in it'
  if (!name.isWellFormed() || UNSEEN.test(name)) return 'has characters in it that cannot be seen'
  if (bytesOf(name) > MAX_FILE_NAME_BYTES) return `has more than ${MAX_FILE_NAME_BYTES} bytes`
  return undefined
}

function shorten(name: string): string {
  if (bytesOf(name) <= LOCAL_NAME_BYTES) return name
  const { stem, ending } = split(name)
  const room = LOCAL_NAME_BYTES - bytesOf(ending)
  let cut = ''
  for (const character of stem) {
    if (bytesOf(cut) + bytesOf(character) > room) break
    cut += character
  }
  return `${cut.replace(/[. ]+$/, '')}${ending}`
}

// An ending is what people and systems choose a program by; a long one is part of the name.
function split(name: string): { readonly stem: string; readonly ending: string } {
  const dot = name.lastIndexOf('.')
  if (dot < 1 || bytesOf(name.slice(dot)) > 32) return { stem: name, ending: '' }
  return { stem: name.slice(0, dot), ending: name.slice(dot) }
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength
}
