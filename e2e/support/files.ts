import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** A file to send. */
export interface SampleFile {
  readonly path: string
  readonly name: string
  readonly sha256: string
}

/** Writes a file of random bytes. It stays in the machine's temporary folder, as test results do. */
export async function sampleFile(name: string, bytes: number, content: Uint8Array = randomBytes(bytes)): Promise<SampleFile> {
  const path = join(await mkdtemp(join(tmpdir(), 'gf-file-')), name)
  await writeFile(path, content)
  return { path, name: basename(path), sha256: createHash('sha256').update(content).digest('hex') }
}
