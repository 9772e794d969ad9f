import { createServer, isIP } from 'node:net'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { portError } from './http/page-server.ts'

/** Listen addresses of one port, on all addresses or on one: `suffix` is what follows the port. */
export function listenAddresses(host: string, port: number, suffix: string): string[] {
  if (host !== '') return [`/ip${isIP(host)}/${host}/tcp/${port}${suffix}`]
  return [`/ip4/0.0.0.0/tcp/${port}${suffix}`, ...(hasIpv6() ? [`/ip6/::/tcp/${port}${suffix}`] : [])]
}

/** True where an interface has an IPv6 address, be it loopback. */
export function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((entries) => entries?.some(({ family }) => family === 'IPv6') === true)
}

/** Tries a TCP port and lets go of it, so that IPv4 and IPv6 can have the same one; 0 finds a free one. Throws PORT_IN_USE or PORT_REFUSED. */
export async function findTcpPort(port: number, host: string, flag: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', (error) => reject(portError(error, flag, port)))
  server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
    const found = (server.address() as AddressInfo).port
    server.close(() => resolve(found))
  })
  return await promise
}

/** True where a host setting means every address of this machine. */
export function listensOnAll(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}
