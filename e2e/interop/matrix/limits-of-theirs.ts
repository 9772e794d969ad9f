// Combinations that cannot be, by what the programs are.
import type { Ours, Theirs, Way } from './cell.ts'

/** Why a combination cannot be, or undefined where it is to be tried. */
export function whyNot(ours: Ours, theirs: Theirs, way: Way): string | undefined {
  if (theirs === 'legacy' && way === 'tcp-noise') return "GloFlow's peer speaks libp2p TLS alone"
  if (theirs === 'legacy' && (way === 'ws' || way === 'webrtc-direct')) return "GloFlow's peer uses TCP alone"
  if (ours === 'relay' && theirs === 'stock' && way === 'general') {
    return 'the bridge serves Go peers that speak TLS alone; a js peer speaks Noise too, and with pages end to end'
  }
  if (ours === 'chromium') {
    if (way === 'webrtc-direct') return 'the page does not load the WebRTC Direct transport: its relay is reached by WebSocket, people by WebRTC'

    if (way === 'tcp-tls' || way === 'tcp-noise') return 'a page cannot open TCP'
    if (way === 'dht') return 'the page has no DHT (too large for what it gives there); its relay has one'
    if (way === 'circuit' && theirs === 'legacy') return 'libp2p TLS cannot run in a page, and a circuit is secured end to end; the bridge carries the general channel'
  }
  return undefined
}
