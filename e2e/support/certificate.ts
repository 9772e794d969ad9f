import { mkdtemp, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// The X.509 library looks for it when it is loaded.
import 'reflect-metadata'
import { SubjectAlternativeNameExtension, X509CertificateGenerator, cryptoProvider } from '@peculiar/x509'

/** A certificate and its key, as files in PEM. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

const VALID_MS = 24 * 3600 * 1000

/** Writes a self-signed certificate for the names or addresses. Node takes it by NODE_EXTRA_CA_CERTS. */
export async function writeCertificate(names: readonly string[]): Promise<CertificateFiles> {
  cryptoProvider.set(crypto)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: String(Date.now()),
    name: `CN=${names[0] ?? 'test'}`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + VALID_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? 'dns' as const : 'ip' as const, value })))]
  })
  const folder = await mkdtemp(join(tmpdir(), 'gf-certificate-'))
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  await writeFile(files.cert, certificate.toString('pem'))
  await writeFile(files.key, `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END PRIVATE KEY-----\n`)
  return files
}
