import type { App } from '../store/app.svelte.ts'

/** The parts of the page that nobody sees before it has joined. */
type LaterParts = typeof import('./later-parts.ts')

class Later {
  parts: LaterParts | undefined = $state.raw()
  #loading: Promise<void> | undefined

  load(): void {
    if (this.#loading !== undefined) return
    this.#loading = import('./later-parts.ts').then(
      (parts) => { this.parts = parts },
      () => { this.#loading = undefined }
    )
  }
}

const later = new Later()

/**
 * Fetches cards, files and offers when the connection stands, or when it will not come soon, or when there is something to show by them;
 * from then on they are there, also while the relay is away. Called by a component as it is made; the parts are undefined until they came.
 */
export function useLater(app: App): { readonly parts: LaterParts | undefined } {
  $effect(() => {
    const { phase, status, people, found, offers, transfers } = app.snapshot
    const settled = phase === 'running' && status.state !== 'connecting'
    if (settled || people.length + found.length + offers.length + transfers.length > 0) later.load()
  })
  return later
}
