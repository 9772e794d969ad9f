import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { AuthzError } from '../src/index.ts'
import { inspect } from './inspect.ts'

const USAGE = `gloflow-authz inspect TOKEN|BUNDLE [--now SECONDS]

Prints what a delegation, or a chain of them, says, and whether and why it verifies.
TOKEN|BUNDLE  base64, base64url or hex; or @FILE with such text or the bytes themselves; or - for standard input
--now         UNIX seconds to judge times by (default: this machine's clock)

Ends with 0 where it verifies, 1 where it does not, 2 where it cannot be read.`

const args = process.argv.slice(2)
const at = args.indexOf('--now')
const now = at < 0 ? Math.floor(Date.now() / 1000) : Number(args[at + 1])
const [command, input] = at < 0 ? args : args.toSpliced(at, 2)

if (command !== 'inspect' || input === undefined || !Number.isSafeInteger(now)) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  try {
    const report = await inspect(await readInput(input), now)
    console.log(report.text)
    process.exitCode = report.verifies ? 0 : 1
  } catch (error) {
    if (!(error instanceof AuthzError) && !(error instanceof Error && 'code' in error)) throw error
    console.error(error.message)
    process.exitCode = 2
  }
}

async function readInput(input: string): Promise<Uint8Array> {
  if (input === '-') return decode(await text(process.stdin))
  if (!input.startsWith('@')) return decode(input)
  const bytes = Uint8Array.from(await readFile(input.slice(1)))
  // A token begins with a list or map head, which no text encoding has.
  return (bytes[0] ?? 0) >= 0x80 ? bytes : decode(new TextDecoder().decode(bytes))
}

function decode(encoded: string): Uint8Array {
  const plain = encoded.trim()
  if (/^([0-9a-fA-F]{2})+$/.test(plain)) return Uint8Array.from(Buffer.from(plain, 'hex'))
  return Uint8Array.from(Buffer.from(plain, /[-_]/.test(plain) ? 'base64url' : 'base64'))
}
