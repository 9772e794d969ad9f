import { writeFileSync } from 'node:fs'
// The X.509 library looks for it when it is loaded.
import 'reflect-metadata'
import { SubjectAlternativeNameExtension, X509CertificateGenerator, cryptoProvider } from '@peculiar/x509'

/** Writes a self-signed certificate for `names` and its key in PEM. */
export async function writeCertificate(certFile: string, keyFile: string, names: readonly string[]): Promise<void> {
  cryptoProvider.set(crypto)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: String(Date.now()),
    name: `CN=${names[0] ?? 'test'}`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'ip' as const : 'dns' as const, value })))]
  })
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64').match(/.{1,64}/g)?.join('\n') ?? ''
  writeFileSync(certFile, certificate.toString('pem'))
  writeFileSync(keyFile, `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`)
}
