import { writeCertificate } from '../../support/certificate.ts'
import { startRelay } from '../../support/relay.ts'
import type { LabHost } from '../host.ts'

/** The relay of a laboratory. */
export interface LabRelay extends AsyncDisposable {
  /** What people open: https, so that a browser on another host takes it for secure. */
  readonly url: string
  /** File of the certificate to trust. */
  readonly certificate: string
  log(): string
}

/** Starts the relay on a public host, with its page on TCP port 443 and nothing else configured than where it is. */
export async function startLabRelay(host: LabHost): Promise<LabRelay> {
  const files = await writeCertificate([host.ipv4])
  const url = `https://${host.ipv4}`
  const relay = await startRelay({ wrap: host.wrap, httpPort: 443, flags: ['--tls-cert', files.cert, '--tls-key', files.key, '--public-url', url] })
  return { url, certificate: files.cert, log: () => relay.log(), [Symbol.asyncDispose]: () => relay.remove() }
}
