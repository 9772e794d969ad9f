import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PrivateKey } from '@libp2p/interface'
import { signRelayInfo } from '@gloflow/p2p-core'
import type { RelayInfoContent, RelayInfoDocument } from '@gloflow/p2p-core'
import { messageOf } from './errors.ts'
import { INFO_POLL_MS, INFO_RENEWAL_MS, INFO_VALIDITY_MS } from './limits.ts'
import type { Log } from './log.ts'

/** What the relay says about itself, without the number and the time of the signed document. */
export type RelayFacts = Omit<RelayInfoContent, 'seq' | 'expires'>

/** The signed document, kept up to date. */
export interface InfoService {
  /** The document now. */
  readonly document: () => RelayInfoDocument
  readonly stop: () => void
}

/** What the service is made of. */
export interface InfoServiceInit {
  readonly privateKey: PrivateKey
  readonly dataDir: string
  /** Read again every INFO_POLL_MS, since addresses change. */
  readonly facts: () => RelayFacts
  readonly now: () => number
  readonly log: Log
}

/** Signs the first document, and a new one whenever the facts change or the old one ages. Throws P2pError where the facts do not fit into one. */
export async function startInfoService(init: InfoServiceInit): Promise<InfoService> {
  const file = join(init.dataDir, 'info.seq')
  let seq = readSeq(file)
  let signedAtMs = 0
  let signedFacts = ''
  let document: RelayInfoDocument | undefined

  const refresh = async (): Promise<RelayInfoDocument> => {
    const facts = init.facts()
    const nowMs = init.now()
    const same = JSON.stringify(facts) === signedFacts && Math.abs(nowMs - signedAtMs) < INFO_RENEWAL_MS
    if (document !== undefined && same) return document
    // Clients refuse a lower number than they saw: the clock alone would do until it is set back, the file alone until it is lost.
    seq = Math.max(seq + 1, nowMs)
    document = await signRelayInfo(init.privateKey, { ...facts, seq, expires: Math.floor((nowMs + INFO_VALIDITY_MS) / 1000) })
    signedFacts = JSON.stringify(facts)
    signedAtMs = nowMs
    writeSeq(file, seq, init.log)
    return document
  }

  let current = await refresh()
  const timer = setInterval(() => {
    refresh().then((next) => { current = next }, (error: unknown) => init.log('error', 'The info document could not be renewed.', { reason: messageOf(error) }))
  }, INFO_POLL_MS)
  return { document: () => current, stop: () => clearInterval(timer) }
}

function readSeq(file: string): number {
  try {
    const seq = Number(readFileSync(file, 'utf8').trim())
    return Number.isSafeInteger(seq) && seq > 0 ? seq : 0
  } catch {
    return 0
  }
}

/** By a new file in the old one's place, so that a crash leaves one or the other. */
function writeSeq(file: string, seq: number, log: Log): void {
  try {
    writeFileSync(`${file}.new`, `${seq}\n`)
    renameSync(`${file}.new`, file)
  } catch (error) {
    log('warn', 'The number of the info document could not be kept; after a restart with an earlier clock, clients would refuse it.', { reason: messageOf(error) })
  }
}
