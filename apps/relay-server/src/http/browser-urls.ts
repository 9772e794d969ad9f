import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** One way to open the page, and whether a browser gets a working peer there. */
export interface BrowserUrl {
  readonly url: string
  readonly usable: boolean
  /** Why not, and what to do; or where it works. */
  readonly reason: string
}

/** How the page is served. */
export interface BrowserUrlsInit {
  readonly port: number
  /** The address listened on; empty = all. */
  readonly host: string
  /** The names of the certificate; undefined = plain http. */
  readonly certificateNames: readonly string[] | undefined
  readonly publicUrl: string | undefined
  /** Addresses of this machine. */
  readonly addresses: readonly string[]
}

const INSECURE = 'plain http outside this machine is no secure context, so browsers give the page no keys and no storage; use --tls-cert and --tls-key, or an https proxy and --public-url'
const NOT_NAMED = 'the certificate does not name it'

/** All URLs of the page, the one to open first. Source: W3C Secure Contexts, "potentially trustworthy origin". */
export function browserUrls(init: BrowserUrlsInit): readonly BrowserUrl[] {
  const scheme = init.certificateNames === undefined ? 'http' : 'https'
  const local = ['localhost', ...init.addresses].filter((host) => listensOn(init.host, host))
  const named = (init.certificateNames ?? []).filter((name) => isIP(name) === 0 && !name.includes('*') && name !== 'localhost')
  const own = [...new Set([...local, ...named])].map((host) => rate(`${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${init.port}`, host, init.certificateNames))
  const published = init.publicUrl === undefined ? [] : [ratePublished(init.publicUrl)]
  return [...published, ...own].toSorted((a, b) => Number(b.usable) - Number(a.usable))
}

/** The addresses of this machine's interfaces, without link-local ones. */
export function machineAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return all.map(({ address }) => address).filter((address) => !/^fe80:/i.test(address) && !address.startsWith('169.254.'))
}

function rate(url: string, host: string, names: readonly string[] | undefined): BrowserUrl {
  const thisMachine = host === 'localhost' || host === '::1' || host.startsWith('127.')
  if (names === undefined) return thisMachine ? { url, usable: true, reason: 'on this machine' } : { url, usable: false, reason: INSECURE }
  const named = names.some((name) => name.toLowerCase() === host || (name.startsWith('*.') && host.endsWith(name.slice(1))))
  return named ? { url, usable: true, reason: 'the certificate names it' } : { url, usable: false, reason: NOT_NAMED }
}

function ratePublished(url: string): BrowserUrl {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:') return { url, usable: true, reason: 'as --public-url says' }
  const thisMachine = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
  return thisMachine ? { url, usable: true, reason: 'on this machine' } : { url, usable: false, reason: INSECURE }
}

function listensOn(listening: string, host: string): boolean {
  if (listening === '' || listening === '0.0.0.0' || listening === '::') return !(listening === '0.0.0.0' && isIP(host) === 6)
  return host === listening || (host === 'localhost' && (listening.startsWith('127.') || listening === '::1'))
}
