import type { ChildProcess } from 'node:child_process'

/** Lets this process end while the child runs on: neither the child nor its pipes keep the event loop alive. */
export function letGo(child: ChildProcess): void {
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
}
