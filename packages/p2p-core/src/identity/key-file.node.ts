import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { P2pError } from '../errors.ts'
import { MAX_KEY_FILE_BYTES } from '../limits.ts'
import { storageError } from '../persistence/storage-error.ts'
import type { Identity } from './identity.ts'

const PRIVATE_FILE_MODE = 0o600
const PRIVATE_DIR_MODE = 0o700
const OTHERS = 0o077

/**
 * Loads the Ed25519 key of a file (libp2p's protobuf private key), or makes it where there is no file. What is there is never replaced:
 * throws P2pError IDENTITY_CORRUPT, IDENTITY_FOREIGN_OWNER, IDENTITY_UNSUPPORTED, STORAGE_REFUSED or STORAGE_FULL.
 */
export async function loadKeyFile(path: string): Promise<Identity> {
  const privateKey = await readKey(path) ?? await createKey(path)
  return { peerId: peerIdFromPrivateKey(privateKey), privateKey, storage: 'file', sealed: false, reason: undefined }
}

async function readKey(path: string): Promise<Ed25519PrivateKey | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    if (error.code === 'ELOOP') throw new P2pError('IDENTITY_FOREIGN_OWNER', `The key file ${path} is a symbolic link. Put the key itself there.`, { cause: error })
    throw storageError(error, `reading the key file ${path}`)
  })
  if (file === undefined) return undefined
  try {
    await checkFile(file, path)
    const bytes = new Uint8Array(MAX_KEY_FILE_BYTES + 1)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
    return await decodeKey(bytes.subarray(0, bytesRead), path)
  } finally {
    await file.close()
  }
}

async function checkFile(file: FileHandle, path: string): Promise<void> {
  const stat = await file.stat()
  if (!stat.isFile()) throw corrupt(path, 'it is not a file')
  const self = process.getuid?.()
  if (self !== undefined && stat.uid !== self) {
    throw new P2pError('IDENTITY_FOREIGN_OWNER', `The key file ${path} belongs to user ${stat.uid}, not to user ${self} who runs this. Run as its owner, or give the file to this user (chown ${self}).`)
  }
  if (stat.size > MAX_KEY_FILE_BYTES) throw corrupt(path, `it has ${stat.size} bytes, more than any key`)
  if (self !== undefined && (stat.mode & OTHERS) !== 0) await file.chmod(PRIVATE_FILE_MODE)
}

async function decodeKey(bytes: Uint8Array, path: string): Promise<Ed25519PrivateKey> {
  let key
  try {
    key = privateKeyFromProtobuf(bytes)
  } catch (cause) {
    throw corrupt(path, `its ${bytes.length} bytes are not a libp2p private key`, cause)
  }
  if (key.type !== 'Ed25519') throw new P2pError('IDENTITY_UNSUPPORTED', `The key file ${path} holds a key of type ${key.type}; peers of this network have Ed25519 keys. Move it away to get a new identity.`)
  const probe = new TextEncoder().encode('gloflow key file self-test')
  if (!await key.publicKey.verify(probe, await key.sign(probe))) throw corrupt(path, 'its private and public halves do not belong together')
  return key
}

function corrupt(path: string, why: string, cause?: unknown): P2pError {
  return new P2pError('IDENTITY_CORRUPT', `The key file ${path} cannot be used: ${why}. It was left as it is. Restore it from a copy, or move it away to start with a new identity (a new PeerId).`, { cause })
}

/** Writes a new key beside its place and links it there, so that a reader sees all of it or nothing, and an existing file is never overwritten. */
async function createKey(path: string): Promise<Ed25519PrivateKey> {
  const key = await generateKeyPair('Ed25519')
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE_DIR_MODE })
    await writeDurably(temporary, privateKeyToProtobuf(key))
    await link(temporary, path)
    await syncDirectory(dirname(path))
    return key
  } catch (error) {
    if (isErrno(error, 'EEXIST')) {
      const other = await readKey(path)
      if (other !== undefined) return other
    }
    throw storageError(error, `writing the key file ${path}`)
  } finally {
    await unlink(temporary).catch(() => { /* it was never written */ })
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_FILE_MODE)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined) // Windows cannot open a directory, and does not need to
  try {
    await directory?.sync()
  } finally {
    await directory?.close()
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}
