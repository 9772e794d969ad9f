import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { RelayError, messageOf } from '../errors.ts'
import { CERTIFICATE_POLL_MS } from '../limits.ts'
import type { Certificate } from './page-server.ts'

/** Where a certificate is. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** Reads a certificate and its key, and checks that they belong together. Throws TLS_INVALID. */
export function readCertificate(files: CertificateFiles): Certificate {
  const certificate = { cert: readPem(files.cert, '--tls-cert'), key: readPem(files.key, '--tls-key') }
  try {
    createSecureContext(certificate)
    if (!new X509Certificate(certificate.cert).checkPrivateKey(createPrivateKey(certificate.key))) throw new TypeError('the key is not the certificate\'s')
    return certificate
  } catch (error) {
    const action = 'Give the PEM certificate chain with --tls-cert and its private key with --tls-key.'
    throw new RelayError('TLS_INVALID', `${files.cert} and ${files.key} cannot be used: ${messageOf(error)}.`, { action, cause: error })
  }
}

/**
 * Looks at both files every CERTIFICATE_POLL_MS (links are followed, as certbot's are) and hands over each new pair that is good; a pair
 * that is not, such as half of a renewal, changes nothing. Returns the function that stops it.
 */
export function watchCertificate(files: CertificateFiles, onChange: (certificate: Certificate) => void, onProblem: (error: RelayError) => void): () => void {
  let current = ''
  const look = (): void => {
    try {
      const certificate = readCertificate(files)
      const seen = `${certificate.cert}\n${certificate.key}`
      if (seen !== current && current !== '') onChange(certificate)
      current = seen
    } catch (error) {
      if (error instanceof RelayError) onProblem(error)
    }
  }
  look()
  for (const path of [files.cert, files.key]) watchFile(path, { interval: CERTIFICATE_POLL_MS, persistent: false }, look)
  return () => { for (const path of [files.cert, files.key]) unwatchFile(path, look) }
}

/** The names and addresses that a certificate is for: `localhost`, `*.example.org`, `192.0.2.1`. */
export function certificateNames(certificate: Certificate): string[] {
  const { subjectAltName } = new X509Certificate(certificate.cert)
  return (subjectAltName ?? '').split(', ').map((entry) => entry.replace(/^(DNS|IP Address):/, '')).filter((name) => name !== '')
}

function readPem(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new RelayError('TLS_INVALID', `${path} (${flag}) cannot be read: ${messageOf(error)}.`, { action: 'Check the path, and that this user may read it.', cause: error })
  }
}
