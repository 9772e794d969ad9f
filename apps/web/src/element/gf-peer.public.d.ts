/** Types for pages that load /gf-peer.js. */
export interface EmbeddedPerson {
  readonly id: string
  readonly kind: 'browser' | 'node' | 'go'
  readonly path: 'direct' | 'lan' | 'relayed'
}

export declare class GfPeerElement extends HTMLElement {
  readonly state: string
  readonly self: string | undefined
  readonly people: readonly EmbeddedPerson[]
  suggestName(name: string): void
}

export interface GfPeerEventMap {
  'gf-peer-state': CustomEvent<{ readonly state: string; readonly self: string | undefined; readonly label: string; readonly people: number }>
  'gf-peer-connect': CustomEvent<EmbeddedPerson>
  'gf-peer-path': CustomEvent<EmbeddedPerson>
  'gf-peer-disconnect': CustomEvent<{ readonly id: string }>
  'gf-peer-error': CustomEvent<{ readonly code: string; readonly message: string }>
}

declare global {
  interface HTMLElementTagNameMap {
    'gf-peer': GfPeerElement
  }
}
