// What AMT itself has switched on: screen, terminal, drives, consent; its clock and its accounts.

import { useState } from 'react'
import { get, post, type Device } from '../../api'
import { exactly, isKey, locale, t } from '../../i18n'
import { Allowed, Await, Failure, quoted, Shells, useAction } from '../../parts'
import { useMay } from '../../session'
import { useLoad } from '../../state'

interface Features {
  userConsent: 'none' | 'kvm' | 'all'
  redirection: boolean
  KVM: boolean
  SOL: boolean
  IDER: boolean
  kvmAvailable: boolean
}

const SWITCHES = ['KVM', 'SOL', 'IDER'] as const
type Switch = (typeof SWITCHES)[number]

/** How much the person at the PC is asked; the later, the more. */
const CONSENT = ['none', 'kvm', 'all'] as const

const wishOf = (f: Features) => ({ userConsent: f.userConsent, enableKVM: f.KVM, enableSOL: f.SOL, enableIDER: f.IDER })

export function FeaturesTab({ device }: { device: Device }) {
  return (
    <div className="columns">
      <Switches device={device} />
      <Clock device={device} />
      <Accounts device={device} />
    </div>
  )
}

function Switches({ device }: { device: Device }) {
  const path = `/amt/features/${device.guid}`
  const features = useLoad(() => get<Features>(path), [path])
  const action = useAction()
  const name = quoted(device.name || device.guid)
  const change = async (body: object, done: string) => {
    await action.run(() => post(path, body), done)
    features.reload()
  }
  return (
    <section>
      <h2>{t('features.title')}</h2>
      {action.error && <Failure error={action.error} />}
      <Await of={features}>
        {(f) => (
          <>
            <ul className="plain">
              {SWITCHES.map((one: Switch) => {
                const on = f[one]
                const body = { ...wishOf(f), [`enable${one}`]: !on }
                return (
                  <li key={one} className="actions">
                    <span>{t(`features.${one}`)}: <strong>{t(one === 'KVM' && !f.kvmAvailable ? 'features.missing' : on ? 'features.on' : 'features.off')}</strong></span>
                    <Allowed needs="amt.features">
                      <button
                        className="small" disabled={action.busy || (one === 'KVM' && !f.kvmAvailable)} aria-label={`${t(`features.${one}`)}: ${t(on ? 'features.switchOff' : 'features.switchOn')}`}
                        onClick={() => void change(body, t('features.done', { what: t(`features.${one}`), state: t(on ? 'features.off' : 'features.on') }))}
                      >
                        {t(on ? 'features.switchOff' : 'features.switchOn')}
                      </button>
                      <Shells cli={`viaduct amt features ${name} --${one.toLowerCase()} ${on ? 'off' : 'on'}`} method="POST" path={path} body={body} />
                    </Allowed>
                  </li>
                )
              })}
            </ul>
            <ConsentPolicy features={f} busy={action.busy} name={name} path={path} change={change} />
          </>
        )}
      </Await>
    </section>
  )
}

interface PolicyProps {
  features: Features
  busy: boolean
  name: string
  path: string
  change: (body: object, done: string) => Promise<void>
}

/** A thing of its own, so that consent never becomes less by the way. */
function ConsentPolicy({ features: f, busy, name, path, change }: PolicyProps) {
  const [wanted, setWanted] = useState(f.userConsent)
  const less = CONSENT.indexOf(wanted) < CONSENT.indexOf(f.userConsent)
  const body = { ...wishOf(f), userConsent: wanted, ...(less && { lowerConsent: true }) }
  if (!useMay()('amt.features')) {
    return (
      <>
        <p>{t('features.consent')}: <strong>{t(`features.consent.${f.userConsent}`)}</strong></p>
        <Allowed needs="amt.features" why>{null}</Allowed>
      </>
    )
  }
  return (
    <form onSubmit={(event) => { event.preventDefault(); void change(body, t('features.consentDone')) }}>
      <label>{t('features.consent')}
        <select value={wanted} onChange={(e) => setWanted(e.target.value as Features['userConsent'])}>
          {CONSENT.map((one) => <option key={one} value={one}>{t(`features.consent.${one}`)}</option>)}
        </select>
      </label>
      {less && <p className="warn">{t('features.less')}</p>}
      <p className="actions">
        <button className={less ? 'danger' : undefined} disabled={busy || wanted === f.userConsent}>{t('common.save')}</button>
        <Shells cli={`viaduct amt features ${name} --consent ${wanted}`} method="POST" path={path} body={body} />
      </p>
    </form>
  )
}

function Clock({ device }: { device: Device }) {
  const path = `/amt/time/${device.guid}`
  const time = useLoad(() => get<{ time: string; offsetSeconds: number }>(path), [path])
  return (
    <section>
      <h2>{t('features.clock')}</h2>
      <Await of={time}>
        {({ time: at, offsetSeconds }) => <p>{exactly(at)}<br />{offsetSeconds === 0 ? t('features.inTime') : t('features.offset', { n: offsetSeconds.toLocaleString(locale()) })}</p>}
      </Await>
      <p><Shells cli={`viaduct amt time ${quoted(device.name || device.guid)}`} method="GET" path={path} /></p>
    </section>
  )
}

interface Account {
  name: string
  admin: boolean
  kerberos?: boolean
  access?: 'local' | 'network' | 'any'
  realms?: number[]
}

/** What an account may, in words where there are some for AMT's number of it. */
const realm = (number: number) => {
  const key = `realm.${number}`
  return isKey(key) ? t(key) : t('realm.other', { number })
}

function Accounts({ device }: { device: Device }) {
  const path = `/amt/users/${device.guid}`
  const users = useLoad(() => get<Account[]>(path), [path])
  return (
    <section>
      <h2>{t('features.accounts')}</h2>
      <Await of={users}>
        {(all) => (
          <div className="scroll" tabIndex={0} role="region" aria-label={t('features.accounts')}>
            <table>
              <thead>
                <tr>{(['accounts.name', 'accounts.kind', 'accounts.from', 'accounts.may'] as const).map((key) => <th key={key} scope="col">{t(key)}</th>)}</tr>
              </thead>
              <tbody>
                {all.map((one) => (
                  <tr key={one.name}>
                    <td>{one.name}</td>
                    <td>{t(one.admin ? 'accounts.admin' : one.kerberos ? 'accounts.kerberos' : 'accounts.digest')}</td>
                    <td>{t(`accounts.${one.access ?? 'any'}`)}</td>
                    <td>{one.admin ? t('accounts.all') : one.realms?.map(realm).join(', ') || t('common.none')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Await>
      <p><Shells cli={`viaduct amt users ${quoted(device.name || device.guid)}`} method="GET" path={path} /></p>
    </section>
  )
}
