// Certificates and keys that the device keeps.

import { t } from '../../i18n'
import { download, Empty, Facts } from '../../parts'
import { Answer, known, Raw, type Fields } from './answers'

interface Kept {
  certificates?: { publicKeyCertificateItems?: Certificate[] } & Fields
  publicKeys?: { publicPrivateKeyPairItems?: unknown[] } & Fields
}

interface Certificate {
  displayName?: string
  subject?: string
  issuer?: string
  trustedRootCertificate?: boolean
  readOnlyCertificate?: boolean
  x509Certificate?: string
}

const pem = (base64: string) => `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END CERTIFICATE-----\n`

export function Certificates({ guid }: { guid: string }) {
  return (
    <Answer<Kept> path={`/amt/certificates/${guid}`}>
      {(kept) => {
        const list = kept.certificates?.publicKeyCertificateItems ?? []
        const keys = kept.publicKeys?.publicPrivateKeyPairItems ?? []
        if (list.length + keys.length === 0) return <Empty title={t('certificates.empty')} />
        return (
          <>
            <div className="columns">
              {list.map((one, at) => <One key={at} certificate={one} />)}
              {keys.length > 0 && <section><h2>{t('certificates.keys')}: {keys.length}</h2></section>}
            </div>
            <Raw value={kept} />
          </>
        )
      }}
    </Answer>
  )
}

function One({ certificate: c }: { certificate: Certificate }) {
  const name = c.displayName || c.subject || t('device.certificates')
  const use = t(c.trustedRootCertificate ? 'certificate.root' : 'certificate.own')
  const { x509Certificate: content } = c
  return (
    <section>
      <h2>{name}</h2>
      <Facts
        rows={[
          ...known(t('certificate.subject'), c.subject), ...known(t('certificate.issuer'), c.issuer),
          [t('certificate.use'), c.readOnlyCertificate ? `${use}, ${t('certificate.readOnly')}` : use]
        ]}
      />
      {content && (
        <p className="actions">
          <button className="small" onClick={() => download(`${name.replace(/[^\w.-]+/g, '-')}.pem`, pem(content))}>{t('certificate.pem')}</button>
        </p>
      )}
    </section>
  )
}
