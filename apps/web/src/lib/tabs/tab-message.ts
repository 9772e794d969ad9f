import type { Failure } from '../errors.ts'
import type { CallName, Snapshot } from '../peer/client.ts'

/** Raised when the shape of a message or a snapshot changes: tabs of two versions of the page do not misread each other. */
const TAB_PROTOCOL_VERSION = 1

/** What the tabs of one origin say to each other. Only code of this origin can send here; a tab of another version is not understood. */
export type TabMessage =
  | { readonly kind: 'ask'; readonly wantSnapshot: boolean }
  | { readonly kind: 'alive'; readonly epoch: number }
  | { readonly kind: 'bye'; readonly epoch: number }
  | { readonly kind: 'snapshot'; readonly epoch: number; readonly snapshot: Snapshot }
  | { readonly kind: 'call'; readonly id: string; readonly name: CallName; readonly args: unknown }
  | { readonly kind: 'answer'; readonly id: string; readonly epoch: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: string; readonly epoch: number; readonly failure: Failure }

const KINDS: ReadonlySet<string> = new Set(['ask', 'alive', 'bye', 'snapshot', 'call', 'answer', 'refusal'])

/** A message as it is posted. */
export function wrapTabMessage(message: TabMessage): unknown {
  return { gloflow: TAB_PROTOCOL_VERSION, message }
}

/** The message in what arrived, or undefined for one of another version or shape. */
export function unwrapTabMessage(data: unknown): TabMessage | undefined {
  if (!isRecord(data) || data['gloflow'] !== TAB_PROTOCOL_VERSION) return undefined
  const message = data['message']
  if (!isRecord(message) || typeof message['kind'] !== 'string' || !KINDS.has(message['kind'])) return undefined
  const epochNeeded = message['kind'] !== 'ask' && message['kind'] !== 'call'
  if (epochNeeded && !Number.isSafeInteger(message['epoch'])) return undefined
  const idNeeded = message['kind'] === 'call' || message['kind'] === 'answer' || message['kind'] === 'refusal'
  if (idNeeded && typeof message['id'] !== 'string') return undefined
  return message as TabMessage
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
