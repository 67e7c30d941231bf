// What the server runs with, and the root certificate that the PCs need.

import { get, type Status } from '../api'
import { t, when } from '../i18n'
import { Await, Copy, Facts, Heading } from '../parts'
import { useLoad } from '../state'

export default function Settings() {
  const status = useLoad(() => get<Status>('/status'), [])
  const config = useLoad(() => get<{ toml: string }>('/config'), [])
  const root = useLoad(() => get<string>('/ciracert'), [])
  return (
    <>
      <Heading title={t('nav.settings')} />
      <Await of={status}>
        {(s) => (
          <section>
            <p>{t('settings.about', { version: s.version, since: when(s.started) })}</p>
            <Facts
              rows={[
                ['CIRA', s.addresses.cira.join(', ')],
                ['SOCKS5', s.addresses.socks],
                ['HTTP proxy', s.addresses.httpProxy],
                ['Metrics', s.addresses.metrics]
              ]}
            />
          </section>
        )}
      </Await>
      <section>
        <h2>{t('settings.root')}</h2>
        <Await of={root}>{(pem) => <><Copy text={pem} label={t('common.copy')} /><pre>{pem}</pre></>}</Await>
      </section>
      <section>
        <h2>{t('settings.config')}</h2>
        <Await of={config}>{(c) => <pre>{c.toml}</pre>}</Await>
      </section>
    </>
  )
}
