// The vocabulary of the interop matrix.

/** Ours: a Node peer, the relay, the page in Chromium. */
export const OURS = ['node', 'relay', 'chromium'] as const
export type Ours = (typeof OURS)[number]

/** Theirs: Go on GloFlow's libraries, Go on current ones, js-libp2p without any of this project's code. */
export const THEIRS = ['legacy', 'current', 'stock'] as const
export type Theirs = (typeof THEIRS)[number]

/** The ways by which they meet. */
export const WAYS = ['tcp-tls', 'tcp-noise', 'ws', 'webrtc-direct', 'circuit', 'dht', 'general'] as const
export type Way = (typeof WAYS)[number]

/** What came out for one combination. `unsupported` is a fact about the two programs or this machine, never a guess. */
export type Cell =
  | { readonly state: 'pass'; readonly what: string; readonly ms: number }
  | { readonly state: 'fail'; readonly why: string }
  | { readonly state: 'unsupported'; readonly why: string }

/** Thrown by a probe that finds out on the way that the combination cannot be. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError'
}

/** Runs a probe, which says what it saw, into a cell. */
export async function toCell(probe: () => Promise<string>, timeoutMs: number): Promise<Cell> {
  const started = Date.now()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`not done within ${timeoutMs} ms`)), timeoutMs)))
  try {
    const what = await Promise.race([probe(), late])
    return { state: 'pass', what, ms: Date.now() - started }
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).split('\n', 3).join(' ').slice(0, 300)
    return error instanceof UnsupportedError ? { state: 'unsupported', why } : { state: 'fail', why }
  } finally {
    clearTimeout(timer)
  }
}
