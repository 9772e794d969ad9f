import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNode, type StartOptions } from './child.ts'

const MAIN = fileURLToPath(new URL('../../packages/p2p-core/bin/gloflow-peer.ts', import.meta.url))
const ANSWER_TIMEOUT_MS = 30_000

/** A line that the peer printed, as it is. */
export type PeerLine = Readonly<Record<string, unknown>>

/** A headless Node peer, driven by JSON lines. */
export interface GloflowPeer {
  readonly peerId: string
  /** Where it puts received files. */
  readonly downloads: string
  /** Runs a command; rejects with the code and message of a refusal. */
  command(cmd: string, fields?: Readonly<Record<string, unknown>>): Promise<PeerLine>
  /** The first event of that name that `matches`, from the start on; waits for one that has not come yet. */
  event(name: string, matches?: (event: PeerLine) => boolean, timeoutMs?: number): Promise<PeerLine>
  /** All events so far. */
  readonly events: readonly PeerLine[]
  stop(): Promise<void>
  kill(): Promise<void>
  log(): string
}

/** What a scenario may ask of a Node peer. */
export interface GloflowPeerOptions extends StartOptions {
  readonly relays: readonly string[]
  readonly flags?: readonly string[]
  /** A data directory that outlives the peer; otherwise it has one of its own that is removed with it. */
  readonly dataDir?: string
}

/** A refusal by the peer. */
export class PeerRefusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(`${code}: ${message}`)
    this.name = 'PeerRefusal'
    this.code = code
  }
}

/** Starts a peer and waits until it is ready. It accepts every file that it is offered. */
export async function startGloflowPeer(options: GloflowPeerOptions): Promise<GloflowPeer> {
  const folder = await mkdtemp(join(tmpdir(), 'gf-peer-'))
  const downloads = join(folder, 'downloads')
  const child = startNode([
    MAIN, '--data-dir', options.dataDir ?? join(folder, 'data'), '--downloads', downloads, '--access', 'open',
    ...options.relays.flatMap((relay) => ['--relay', relay]), ...(options.flags ?? [])
  ], options)
  const events: PeerLine[] = []
  const waiting = new Set<(event: PeerLine) => void>()
  const answers = new Map<string, (answer: PeerLine) => void>()
  child.onLine((text) => {
    const line = parseLine(text)
    if (typeof line['event'] === 'string') {
      events.push(line)
      for (const wake of waiting) wake(line)
    } else answers.get(String(line['id']))?.(line)
  })

  const event: GloflowPeer['event'] = (name, matches = () => true, timeoutMs = ANSWER_TIMEOUT_MS) => new Promise((resolve, reject) => {
    const wanted = (line: PeerLine): boolean => line['event'] === name && matches(line)
    const earlier = events.find(wanted)
    if (earlier !== undefined) return resolve(earlier)
    const done = (act: () => void): void => {
      clearTimeout(timer)
      waiting.delete(wake)
      child.process.off('exit', onExit)
      act()
    }
    const wake = (line: PeerLine): void => { if (wanted(line)) done(() => resolve(line)) }
    const onExit = (code: number | null): void => done(() => reject(new Error(`The Node peer ended with ${code} while "${name}" was awaited:\n${child.errorOutput()}`)))
    const timer = setTimeout(() => done(() => reject(new Error(`No event "${name}" within ${timeoutMs} ms; there were: ${events.map((line) => JSON.stringify(line)).join('\n')}`))), timeoutMs)
    waiting.add(wake)
    child.process.once('exit', onExit)
  })

  let number = 0
  const command: GloflowPeer['command'] = (cmd, fields = {}) => new Promise((resolve, reject) => {
    if (child.ended) return reject(new Error(`The Node peer has ended before "${cmd}":\n${child.errorOutput()}`))
    const id = String(++number)
    const timer = setTimeout(() => reject(new Error(`No answer to "${cmd}" within ${ANSWER_TIMEOUT_MS} ms:\n${child.errorOutput()}`)), ANSWER_TIMEOUT_MS)
    answers.set(id, (answer) => {
      clearTimeout(timer)
      answers.delete(id)
      if (answer['ok'] === true) resolve(answer)
      else reject(new PeerRefusal(String(answer['code']), String(answer['message'])))
    })
    child.process.stdin.write(`${JSON.stringify({ id, cmd, ...fields })}\n`)
  })

  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await event('ready')
    const peerId = String((await command('status'))['peerId'])
    await command('accept')
    return {
      peerId,
      downloads,
      command,
      event,
      events,
      log: () => child.errorOutput(),
      async stop() {
        await child.stop()
        await remove()
      },
      async kill() {
        await child.kill()
        await remove()
      }
    }
  } catch (error) {
    await child.kill()
    await remove()
    throw error
  }
}

function parseLine(text: string): PeerLine {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new TypeError(`not a JSON object: ${text}`)
  return { ...value }
}
