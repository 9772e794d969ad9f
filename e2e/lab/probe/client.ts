// The probe's client: runs on a host behind a gateway and prints what it measured, as one line of JSON.
// Arguments: the server's two addresses, the silence for UDP and for TCP in ms (0 = do not measure idle times).
import { tcpConnects, tcpFiltering, tcpMapping, tcpSurvivesSilence } from './tcp.ts'
import { udpFiltering, udpHairpin, udpMapping, udpAfterSilence } from './udp.ts'

/** A label of T ms is proven when a silence of half of it is survived and one of one and a half is not. */
const WITHIN = 0.5
const BEYOND = 1.5

const [first = '', second = '', udpIdle = '0', tcpIdle = '0'] = process.argv.slice(2)
const servers = [first, second] as const
const udpMs = Number(udpIdle)
const tcpMs = Number(tcpIdle)

const idle = Promise.all([
  udpMs > 0 ? udpAfterSilence(servers, udpMs * WITHIN) : undefined,
  udpMs > 0 ? udpAfterSilence(servers, udpMs * BEYOND) : undefined,
  tcpMs > 0 ? tcpSurvivesSilence(servers, tcpMs * WITHIN) : undefined,
  tcpMs > 0 ? tcpSurvivesSilence(servers, tcpMs * BEYOND) : undefined
])
const [udp, tcp] = await Promise.all([measureUdp(), measureTcp()])
const [udpWithin, udpBeyond, tcpWithin, tcpBeyond] = await idle
console.log(JSON.stringify({
  udp: { ...udp, survivesHalfOfIdle: udpWithin?.survived, survivesOneAndAHalfOfIdle: udpBeyond?.survived, keepsEndpointOverIdle: udpBeyond?.sameEndpoint },
  tcp: { ...tcp, survivesHalfOfIdle: tcpWithin, survivesOneAndAHalfOfIdle: tcpBeyond },
  reachesTcp443: await tcpConnects(first, 443)
}))

async function measureUdp(): Promise<object> {
  const mapping = await udpMapping(servers)
  return mapping === undefined ? { mapping } : { mapping, filtering: await udpFiltering(servers), hairpin: await udpHairpin(servers) }
}

async function measureTcp(): Promise<object> {
  const mapping = await tcpMapping(servers)
  return { mapping, filtering: mapping === undefined ? undefined : await tcpFiltering(servers) }
}
