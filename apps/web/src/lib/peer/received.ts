import { WebError } from '../errors.ts'

/** A received file that can be shown and saved. */
export interface ReceivedFile {
  readonly url: string
  /** True where it is a picture that is safe to show: its bytes were checked, its type is one a browser draws without scripts. */
  readonly picture: boolean
  release(): void
}

/** By the name's ending, never by what the sender said: SVG is left out, since it can carry scripts when opened. */
const PICTURE_TYPES: Readonly<Record<string, string>> = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', avif: 'image/avif' }

/**
 * Opens where the peer has put a received file: a blob URL, or a path in the origin's private file system. The bytes are served
 * under a type of our choice, so that nothing received is ever run by this origin. Throws WebError FILE_GONE.
 */
export async function openReceived(location: string, name: string): Promise<ReceivedFile> {
  const type = PICTURE_TYPES[name.split('.').at(-1)?.toLowerCase() ?? '']
  try {
    const blob = location.startsWith('blob:') ? await (await fetch(location)).blob() : await fromPrivateFiles(location)
    const url = URL.createObjectURL(blob.slice(0, blob.size, type ?? 'application/octet-stream'))
    return { url, picture: type !== undefined, release: () => { URL.revokeObjectURL(url) } }
  } catch (cause) {
    throw new WebError({ code: 'FILE_GONE', message: `${name} is no longer in this browser's storage. Ask for it again.`, retryable: false }, cause)
  }
}

async function fromPrivateFiles(path: string): Promise<Blob> {
  const parts = path.replace(/^opfs:/, '').split('/').filter((part) => part !== '')
  const file = parts.pop() ?? ''
  let directory = await navigator.storage.getDirectory()
  for (const part of parts) directory = await directory.getDirectoryHandle(part)
  return (await directory.getFileHandle(file)).getFile()
}
