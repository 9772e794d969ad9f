import { type AuthzErrorCode, type Did, type Operation, parseOperation, type VerifiedOperation } from '@gloflow/authz'
import type { ProtocolStream } from '@gloflow/p2p-core'
import { type ChainTip, coverageOf } from './coverage.ts'
import { FlowsError } from './errors.ts'
import { MAX_STRANGERS_PER_STREAM, MAX_SYNC_BATCH, MAX_SYNC_BATCH_BYTES, MAX_SYNC_HEADS, MAX_WANTED, MAX_WANTS_PER_STREAM } from './limits.ts'
import type { Replica } from './replica.ts'
import type { SyncMessage } from './sync-wire.ts'
import type { VerifyPace } from './verify-pace.ts'

/** One stream on which a flow is synchronized, the same on both sides. */
export interface SyncSession {
  /** Runs until the stream ends. Throws what ended it, unless that was the other side's close. */
  run(): Promise<void>
  /** Sends what is new here. Resolves when it is handed over. */
  push(): Promise<void>
  end(error: Error): void
}

export interface SyncSessionInit {
  readonly stream: ProtocolStream<SyncMessage>
  readonly replica: Replica
  readonly remote: Did
  readonly pace: VerifyPace
  /** Told of operations that were not kept because nobody let their author in. */
  readonly onRefused: (operation: VerifiedOperation, code: AuthzErrorCode) => void
}

/**
 * Each side says what ends it has of every author's chain, sends what the other lacks as far as it can tell, and says `done`; then it looks again
 * with what came, and sends the rest. An end that is not known here is answered by a guess first, so that little is sent twice.
 */
export function createSyncSession({ stream, replica, remote, pace, onRefused }: SyncSessionInit): SyncSession {
  const stopped = new AbortController()
  /** What the other side has for certain, and what it probably has. */
  const theirs = new Set<string>()
  let assumed = new Set<string>()
  let tips: readonly ChainTip[] | undefined
  let sending: Promise<void> = Promise.resolve()
  const asked = new Set<string>()
  let wants = 0
  let strangers = 0

  function end(error: Error): void {
    if (stopped.signal.aborted) return
    stopped.abort()
    stream.abort(error)
  }

  /** One after the other, beside reading: two sides that both only wrote would wait for each other. */
  function enqueue(task: () => Promise<void>): Promise<void> {
    sending = sending.then(async () => { if (!stopped.signal.aborted) await task() }).catch((error: unknown) => { end(asError(error)) })
    return sending
  }

  async function sendLacking(): Promise<void> {
    if (tips === undefined) return
    for (;;) {
      if (!replica.mayHave(remote)) return end(new FlowsError('ROLE_TOO_LOW', 'The other side may not have this flow any more'))
      const batch = takeBatch(replica.operations.filter(({ id }) => !theirs.has(id) && !assumed.has(id)))
      if (batch.length === 0) return
      for (const { id } of batch) theirs.add(id)
      await stream.send({ type: 'operations', operations: batch.map(({ bytes }) => bytes) })
    }
  }

  async function take(bytes: readonly Uint8Array[]): Promise<void> {
    const fresh: VerifiedOperation[] = []
    for (const operation of bytes.map((each) => parseOperation(each))) {
      if (!replica.has(operation.id)) fresh.push(await pace.verify(operation, replica.flow, remote, stopped.signal))
      theirs.add(operation.id)
    }
    if (fresh.length === 0) return
    const { refused } = await replica.take(fresh)
    for (const operation of fresh) {
      const code = refused.get(operation.id)
      if (code === undefined || code === 'PENDING_FULL') continue
      strangers += 1
      onRefused(operation, code)
    }
    if (strangers > MAX_STRANGERS_PER_STREAM) throw new FlowsError('FRAME_INVALID', 'The other side sent many operations of people who are not in the flow; the stream was closed')
    askForMissing()
  }

  function askForMissing(): void {
    const ids = replica.missing().filter((id) => !asked.has(id)).slice(0, MAX_WANTED)
    if (ids.length === 0 || asked.size > MAX_WANTED * MAX_WANTS_PER_STREAM) return
    for (const id of ids) asked.add(id)
    void enqueue(() => stream.send({ type: 'want', ids }))
  }

  function answer(ids: readonly string[]): void {
    wants += 1
    if (wants > MAX_WANTS_PER_STREAM) throw new FlowsError('FRAME_INVALID', `The other side asked more than ${MAX_WANTS_PER_STREAM} times for what is missing; the stream was closed`)
    const wanted = new Set(ids)
    void enqueue(async () => {
      for (const id of wanted) {
        theirs.delete(id)
        assumed.delete(id)
      }
      await sendLacking()
    })
  }

  async function handle(message: SyncMessage): Promise<void> {
    switch (message.type) {
      case 'heads': {
        if (tips !== undefined) throw new FlowsError('FRAME_INVALID', 'The other side said twice what it has; the stream was closed')
        const coverage = coverageOf(replica.operations)
        tips = message.tips
        for (const id of coverage.past(tips)) theirs.add(id)
        assumed = coverage.assumed(tips)
        void enqueue(async () => {
          await sendLacking()
          await stream.send({ type: 'done' })
        })
        return
      }
      case 'operations':
        return take(message.operations)
      case 'want':
        return answer(message.ids)
      case 'done': {
        assumed = new Set()
        for (const id of coverageOf(replica.operations).past(tips ?? [])) theirs.add(id)
        void enqueue(sendLacking)
      }
    }
  }

  return {
    async run() {
      try {
        await enqueue(() => stream.send({ type: 'heads', tips: coverageOf(replica.operations).tips.slice(0, MAX_SYNC_HEADS) }))
        for await (const message of stream) {
          if (!replica.mayHave(remote)) throw new FlowsError('ROLE_TOO_LOW', 'The other side may not write in this flow any more')
          await handle(message)
        }
        stopped.abort()
        await stream.close()
      } catch (error) {
        end(asError(error))
        throw error
      }
    },
    push: () => enqueue(sendLacking),
    end
  }
}

function takeBatch(operations: readonly Operation[]): readonly Operation[] {
  const batch: Operation[] = []
  let bytes = 0
  for (const operation of operations) {
    bytes += operation.bytes.byteLength
    if (batch.length === MAX_SYNC_BATCH || bytes > MAX_SYNC_BATCH_BYTES) break
    batch.push(operation)
  }
  return batch
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new FlowsError('FRAME_INVALID', `The stream ended with ${String(error)}`)
}
