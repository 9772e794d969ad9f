/** Opens a data channel between two connections of this tab. True when it opened. */
export async function openLoopback(signal: AbortSignal): Promise<boolean> {
  const one = new RTCPeerConnection()
  const two = new RTCPeerConnection()
  try {
    one.addEventListener('icecandidate', (event) => { void two.addIceCandidate(event.candidate ?? undefined).catch(ignore) })
    two.addEventListener('icecandidate', (event) => { void one.addIceCandidate(event.candidate ?? undefined).catch(ignore) })
    const channel = one.createDataChannel('probe')
    const opened = new Promise<boolean>((resolve) => {
      channel.addEventListener('open', () => { resolve(true) })
      signal.addEventListener('abort', () => { resolve(false) }, { once: true })
      one.addEventListener('iceconnectionstatechange', () => { if (one.iceConnectionState === 'failed') resolve(false) })
    })
    await one.setLocalDescription(await one.createOffer())
    await two.setRemoteDescription(one.localDescription as RTCSessionDescription)
    await two.setLocalDescription(await two.createAnswer())
    await one.setRemoteDescription(two.localDescription as RTCSessionDescription)
    return await opened
  } finally {
    one.close()
    two.close()
  }
}

/** Which kind of address a connection finds with these STUN servers: `reflexive` = one that a server told, `host` = own ones only. */
export async function gatherReflexive(stun: readonly string[], signal: AbortSignal): Promise<'reflexive' | 'host' | 'none'> {
  const connection = new RTCPeerConnection({ iceServers: stun.map((urls) => ({ urls })) })
  try {
    let found: 'host' | 'none' = 'none'
    const ended = new Promise<'reflexive' | 'host' | 'none'>((resolve) => {
      connection.addEventListener('icecandidate', (event) => {
        if (event.candidate === null) resolve(found)
        else if (event.candidate.type === 'srflx') resolve('reflexive')
        else if (event.candidate.candidate !== '') found = 'host'
      })
      signal.addEventListener('abort', () => { resolve(found) }, { once: true })
    })
    connection.createDataChannel('probe')
    await connection.setLocalDescription(await connection.createOffer())
    return await ended
  } finally {
    connection.close()
  }
}

function ignore(): void {
  // A candidate that cannot be used is no failure: others follow.
}
