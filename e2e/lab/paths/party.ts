/** How the bytes between two parties travel, as one of them sees it. */
export interface SeenPath {
  readonly path: string
  readonly reason: string
  readonly transport: string
}

/** One of the two peers of a cell, whatever kind of program it is. */
export interface Party extends AsyncDisposable {
  readonly id: string
  /** The path to the other, or `undefined` while it is not here. */
  pathTo(id: string): Promise<SeenPath | undefined>
  /** Says a text in the general channel. */
  say(text: string): Promise<void>
  /** How often the text was heard. */
  timesHeard(text: string): Promise<number>
  /** What it wrote about itself, for a failure's report. */
  log(): string
}
