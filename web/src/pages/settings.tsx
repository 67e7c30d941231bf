// Certificates and what the server runs with.

import { useState, type FormEvent } from 'react'
import { call, get, post, type Certificate, type Status } from '../api'
import { exactly, t, when } from '../i18n'
import { Allowed, Await, Copy, Deed, Dialog, download, Empty, Facts, Failure, Heading, quoted, Shells, Table, Time, useAction } from '../parts'
import { keyName, listenerName } from '../parts/certificate'
import { useLoad } from '../state'

export default function Settings() {
  const status = useLoad(() => get<Status>('/status'), [])
  return (
    <>
      <Heading title={t('nav.settings')} />
      <Certificates />
      <Rotation />
      <Await of={status}>
        {(s) => (
          <section>
            <h2>{t('settings.listeners')}</h2>
            <p>{t('settings.about', { version: s.version, since: when(s.started) })}</p>
            <Facts
              rows={[
                ['CIRA', s.addresses.cira.join(', ')],
                [t('settings.web'), s.addresses.web],
                ['SOCKS5', s.addresses.socks],
                [t('settings.httpProxy'), s.addresses.httpProxy],
                [t('settings.metrics'), s.addresses.metrics]
              ]}
            />
          </section>
        )}
      </Await>
      <Allowed needs="config.read"><Config /></Allowed>
    </>
  )
}

function Config() {
  const config = useLoad(() => get<{ toml: string }>('/config'), [])
  return (
    <section>
      <h2>{t('settings.config')}</h2>
      <p className="muted">{t('settings.configHint')}</p>
      <p><Shells of={t('settings.config')} cli="viaduct config show" method="GET" path="/config" /></p>
      <Await of={config}>{(c) => <pre tabIndex={0}>{c.toml}</pre>}</Await>
    </section>
  )
}

const DAY = 86_400_000

function Certificates() {
  const list = useLoad(() => get<Certificate[]>('/certificates'), [])
  const action = useAction()
  const reload = async () => {
    await action.run(() => post('/certificates/reload'), t('settings.reloaded'))
    list.reload()
  }
  return (
    <section>
      <h2>{t('overview.certificates')}</h2>
      {action.error && <Failure error={action.error} />}
      <Await of={list}>
        {(certificates) => (
          <>
            <p className="actions">
              {certificates.filter((c) => c.listener === 'root').slice(0, 1).map((root) => (
                <span className="deed" key="root">
                  <button onClick={() => download('viaduct-root.pem', root.pem, 'application/x-pem-file')}>{t('settings.exportRoot')}</button>
                  <Copy text={root.pem} label={t('settings.copyRoot')} />
                  <Shells of={t('settings.exportRoot')} cli="viaduct cert export --out root.pem" method="GET" path="/ciracert" />
                </span>
              ))}
              <Allowed needs="certificates.change">
                <Deed>
                  <button disabled={action.busy} onClick={() => void reload()}>{t('settings.reload')}</button>
                  <Shells of={t('settings.reload')} cli="viaduct cert reload" method="POST" path="/certificates/reload" />
                </Deed>
              </Allowed>
            </p>
            {certificates.length === 0 ? <Empty title={t('common.none')} /> : (
              <Table
                label={t('overview.certificates')} rows={certificates} id={(c) => c.listener + c.sha256}
                columns={[
                  { key: 'listener', title: t('settings.listener'), cell: (c) => listenerName(c.listener) },
                  { key: 'subject', title: t('settings.subject'), cell: (c) => <span title={c.sha256}>{c.subject}</span> },
                  { key: 'names', title: t('settings.names'), wide: true, cell: (c) => c.names.join(', ') || '–' },
                  { key: 'key', title: t('settings.key'), wide: true, cell: (c) => <span title={c.signature}>{keyName(c)}</span> },
                  { key: 'days', title: t('settings.ends'), cell: (c) => <Ends at={c.notAfter} /> }
                ]}
              />
            )}
          </>
        )}
      </Await>
    </section>
  )
}

function Ends({ at }: { at: string | null }) {
  if (!at) return <>–</>
  const days = Math.floor((new Date(at).getTime() - Date.now()) / DAY)
  return <span title={exactly(at)} className={days < 30 ? 'warn' : undefined}>{days < 30 && '⚠ '}{when(at)}</span>
}

interface RotationStatus {
  nextRoot: string | null
  name: string | null
  ready: number
  counted: number
  pushing: [number, number] | null
  devices: { guid: string; name: string; state: 'ready' | 'waiting' | 'failed'; detail: string; at: string | null; connected: boolean; counts: boolean }[]
}

function Rotation() {
  const status = useLoad(() => get<RotationStatus>('/certificates/rotation'), [], 5_000)
  const action = useAction()
  const [asking, setAsking] = useState<'push' | 'activate'>()
  const [name, setName] = useState('')
  const wanted: { name?: string } = name.trim() ? { name: name.trim() } : {}
  const act = async (work: () => Promise<unknown>, done: string) => {
    if (await action.run(work, done)) setAsking(undefined)
    status.reload()
  }
  const push = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    void act(() => post('/certificates/rotation', wanted), t('rotation.pushed'))
  }
  return (
    <section>
      <h2>{t('rotation.title')}</h2>
      <p className="muted">{t('rotation.about')}</p>
      {action.error && <Failure error={action.error} />}
      <Await of={status}>
        {(s) => (
          <>
            {s.nextRoot || s.name ? (
              <>
                <p>{s.name ? t('rotation.name', { name: s.name }) : t('rotation.root', { print: (s.nextRoot ?? '').slice(0, 16) })}</p>
                <label>{t('rotation.coverage', { ready: s.ready, counted: s.counted })}
                  <progress max={Math.max(1, s.counted)} value={s.ready} />
                </label>
                {s.pushing && <p role="status">{t('rotation.pushing', { done: s.pushing[0], all: s.pushing[1] })}</p>}
                <Behind status={s} />
              </>
            ) : <p>{t('rotation.nothing')}</p>}
            <Allowed needs="certificates.change" why><p className="actions">
              <Deed>
                <button disabled={action.busy} onClick={() => { setName(''); setAsking('push') }}>{t('rotation.push')}</button>
                <Shells of={t('rotation.push')} cli="viaduct cert rotate --push" method="POST" path="/certificates/rotation" body={{}} />
              </Deed>
              {(s.nextRoot || s.name) && (
                <>
                  <Deed>
                    <button className="primary" disabled={action.busy} onClick={() => setAsking('activate')}>{t('rotation.activate')}</button>
                    <Activation status={s} />
                  </Deed>
                  <Deed><button className="danger" disabled={action.busy} onClick={() => void act(() => call('DELETE', '/certificates/rotation'), t('rotation.abandoned'))}>
                    {t('rotation.abandon')}
                  </button>
                  <Shells of={t('rotation.abandon')} cli="viaduct cert rotate --abandon" method="DELETE" path="/certificates/rotation" /></Deed>
                </>
              )}
            </p></Allowed>
            {asking === 'push' && (
              <Dialog title={t('rotation.push')} close={() => setAsking(undefined)}>
                <form onSubmit={push}>
                  <p>{t('rotation.pushText')}</p>
                  <label>{t('rotation.newName')}<input name="name" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} /></label>
                  <p className="actions">
                    <button className="primary" disabled={action.busy}>{t('rotation.push')}</button>
                    <button type="button" onClick={() => setAsking(undefined)}>{t('common.cancel')}</button>
                    <Shells
                      cli={`viaduct cert rotate --push${wanted.name ? ` --name ${quoted(wanted.name)}` : ''}`}
                      method="POST" path="/certificates/rotation" body={wanted}
                    />
                  </p>
                </form>
              </Dialog>
            )}
            {asking === 'activate' && (
              <Dialog title={t('rotation.activate')} close={() => setAsking(undefined)}>
                <p className={s.ready < s.counted ? 'warn' : undefined}>
                  {s.ready < s.counted ? t('rotation.lost', { n: s.counted - s.ready }) : t('rotation.allReady')}
                </p>
                <p className="actions">
                  <button
                    className={s.ready < s.counted ? 'danger' : 'primary'} disabled={action.busy}
                    onClick={() => void act(() => post('/certificates/rotation/activate', { force: s.ready < s.counted }), t('rotation.activated'))}
                  >
                    {t('rotation.activate')}
                  </button>
                  <button onClick={() => setAsking(undefined)}>{t('common.cancel')}</button>
                  <Activation status={s} />
                </p>
              </Dialog>
            )}
          </>
        )}
      </Await>
    </section>
  )
}

/** The same for a shell, which is as sure of itself as the button. */
function Activation({ status: { ready, counted } }: { status: RotationStatus }) {
  const force = ready < counted
  return (
    <Shells
      of={t('rotation.activate')} cli={`viaduct cert rotate --activate${force ? ' --force' : ''}`}
      method="POST" path="/certificates/rotation/activate" body={{ force }}
    />
  )
}

/** Who has not got what is coming, and why. */
function Behind({ status }: { status: RotationStatus }) {
  const behind = status.devices.filter((device) => device.state !== 'ready')
  if (behind.length === 0) return null
  return (
    <details>
      <summary>{t('rotation.behind', { n: behind.length })}</summary>
      <Table
        label={t('rotation.title')} rows={behind} id={(d) => d.guid}
        columns={[
          { key: 'device', title: t('devices.name'), cell: (d) => d.name },
          { key: 'state', title: t('devices.state'), cell: (d) => t(d.connected ? 'state.connected' : 'state.away') },
          { key: 'why', title: t('audit.detail'), cell: (d) => d.detail || t('rotation.waiting') },
          { key: 'at', title: t('chart.time'), wide: true, cell: (d) => <Time at={d.at} /> }
        ]}
      />
    </details>
  )
}
