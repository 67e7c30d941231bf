// When and where a device calls: its servers, policies and roots, as its firmware has them, and how to change them.

import { useState, type ReactNode } from 'react'
import { Link } from 'wouter'
import { get, type Device } from '../../../api'
import { duration, isKey, t } from '../../../i18n'
import { Await, Facts, Shells, quoted } from '../../../parts'
import { useMay } from '../../../session'
import { useLoad } from '../../../state'
import { known, Raw } from '../answers'
import { AddServer, Home, OrderServers, RemovePolicy, RemoveServer, SetPolicy, WhoMayAsk, type Policy } from './forms'

interface Access {
  version?: string
  controlMode?: string
  mps: { address: string; port: number; commonName?: string; user?: string; here?: boolean }[]
  mpsMax?: number
  policies: Policy[]
  userInitiated?: string | null
  inside?: string[]
  roots: { handle: string; subject?: string | null; sha256?: string | null; here?: boolean }[]
  proxies?: unknown[]
}

const words = (family: string, name: string) => {
  const key = `remote.${family}.${name}`
  return isKey(key) ? t(key) : name
}

const Here = ({ here }: { here: boolean | undefined }) => (here ? <span className="good">✓ {t('common.yes')}</span> : <>{t('common.no')}</>)

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600 }

/** A span between two calls, or the time of day of one. */
function how(schedule: string | null | undefined): string {
  const [, count, unit] = /^(\d+)([smh])$/.exec(schedule ?? '') ?? []
  return unit ? duration(Number(count) * (SECONDS[unit] ?? 1)) : schedule ?? '–'
}

/** The right to change any of it. */
const RIGHT = 'amt.remote-access'
/** A domain that no network has: what makes a PC call from everywhere. */
const NOWHERE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.com$/i
/** Causes that a form can set; firmware has others, which can be removed. */
const SETTABLE = ['periodic', 'user', 'alert']

/** Opens a form over the page. */
type Open = (form: (close: () => void) => ReactNode) => void

interface Part {
  device: Device
  data: Access
  /** Nothing for whoever may not change it. */
  open: Open | undefined
}

export function RemoteAccess({ device }: { device: Device }) {
  const path = `/remote-access/${device.guid}`
  const access = useLoad(() => get<Access>(path), [path])
  const may = useMay()(RIGHT)
  const [form, setForm] = useState<{ show: (close: () => void) => ReactNode }>()
  const open: Open | undefined = may ? (show) => setForm({ show }) : undefined
  return (
    <Await of={access}>
      {(data) => (
        <>
          {!may && <p><Link href={`/permissions?right=${RIGHT}`}>{t('permissions.whyNot')}</Link></p>}
          <Calls device={device} data={data} open={open} />
          <Servers device={device} data={data} open={open} />
          <Policies device={device} data={data} open={open} />
          <Roots data={data} />
          <p><Shells cli={`viaduct remote-access show ${quoted(device.name || device.guid)}`} method="GET" path={path} /></p>
          <Raw value={data} />
          {form?.show(() => { setForm(undefined); access.reload() })}
        </>
      )}
    </Await>
  )
}

const homes = (data: Access) => (data.inside ?? []).filter((one) => !NOWHERE.test(one))

function Calls({ device, data, open }: Part) {
  const inside = homes(data)
  return (
    <section className="apart">
      <h2>{t('remote.dialsIn')}</h2>
      <Facts
        rows={[
          [t('remote.where'), inside.length
            ? <>{inside.join(', ')} <small className="muted">{t('remote.whereHint')}</small></>
            : t(data.inside?.length ? 'remote.everywhere' : 'change.never')],
          ...known(t('remote.userInitiated'), data.userInitiated && words('userInitiated', data.userInitiated)),
          ...known(t('remote.version'), data.version),
          ...known(t('remote.mode'), data.controlMode && words('mode', data.controlMode))
        ]}
      />
      <p className="actions">
        <button disabled={!open} onClick={() => open?.((close) => <Home device={device} close={close} now={inside} />)}>{t('change.home')}</button>
        <button disabled={!open || !data.userInitiated} onClick={() => open?.((close) => <WhoMayAsk device={device} close={close} now={data.userInitiated ?? 'off'} />)}>
          {t('change.user')}
        </button>
      </p>
    </section>
  )
}

const placeOf = ({ address, port }: Access['mps'][number]) => `${address.includes(':') ? `[${address}]` : address}:${port}`

function Servers({ device, data, open }: Part) {
  const places = data.mps.map(placeOf)
  return (
    <section className="apart">
      <h2>{t('remote.servers')}</h2>
      {data.mps.length === 0 ? <p className="warn">{t('remote.noServers')}</p> : (
        <div className="scroll" tabIndex={0} role="region" aria-label={t('remote.servers')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('remote.server')}</th><th scope="col" className="wide">{t('remote.name')}</th>
                <th scope="col" className="wide">{t('remote.user')}</th><th scope="col">{t('remote.isHere')}</th>
                <th scope="col">{t('common.actions')}</th>
              </tr>
            </thead>
            <tbody>
              {data.mps.map((one) => (
                <tr key={placeOf(one)}>
                  <td>{one.address}:{one.port}</td><td className="wide">{one.commonName}</td><td className="wide">{one.user}</td><td><Here here={one.here} /></td>
                  <td>
                    <button
                      className="danger small" disabled={!open} aria-label={t('change.removeServer', { server: placeOf(one) })}
                      onClick={() => open?.((close) => <RemoveServer device={device} close={close} server={placeOf(one)} />)}
                    >
                      {t('change.remove')}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data.mpsMax !== undefined && <p className="muted">{t('remote.room', { n: data.mps.length, max: data.mpsMax })}</p>}
      <p className="actions">
        <button disabled={!open} onClick={() => open?.((close) => <AddServer device={device} close={close} />)}>{t('change.add')}</button>
        {places.length > 1 && (
          <button disabled={!open} onClick={() => open?.((close) => <OrderServers device={device} close={close} known={places} now={data.policies[0]?.servers ?? []} />)}>
            {t('change.order')}
          </button>
        )}
      </p>
    </section>
  )
}

function Policies({ device, data, open }: Part) {
  return (
    <section className="apart">
      <h2>{t('remote.policies')}</h2>
      {data.policies.length === 0 ? <p className="warn">{t('remote.noPolicies')}</p> : (
        <div className="scroll" tabIndex={0} role="region" aria-label={t('remote.policies')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('remote.trigger')}</th><th scope="col">{t('remote.schedule')}</th>
                <th scope="col" className="wide">{t('remote.life')}</th><th scope="col" className="wide">{t('remote.server')}</th>
                <th scope="col">{t('common.actions')}</th>
              </tr>
            </thead>
            <tbody>
              {data.policies.map((one) => (
                <tr key={one.trigger}>
                  <td>{words('trigger', one.trigger)}</td><td>{how(one.schedule)}</td>
                  <td className="wide">{one.lifeTimeSeconds ? t('remote.lifeFor', { seconds: one.lifeTimeSeconds }) : t('remote.lifeEver')}</td>
                  <td className="wide">{one.servers.join(', ')}</td>
                  <td><span className="actions">
                    {SETTABLE.includes(one.trigger) && (
                      <button
                        className="small" disabled={!open} aria-label={`${t('change.change')}: ${words('trigger', one.trigger)}`}
                        onClick={() => open?.((close) => <SetPolicy device={device} close={close} before={one} />)}
                      >
                        {t('change.change')}
                      </button>
                    )}
                    <button
                      className="danger small" disabled={!open} aria-label={t('change.removePolicy', { trigger: words('trigger', one.trigger) })}
                      onClick={() => open?.((close) => <RemovePolicy device={device} close={close} trigger={one.trigger} />)}
                    >
                      {t('change.remove')}
                    </button>
                  </span></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="actions">
        <button disabled={!open} onClick={() => open?.((close) => <SetPolicy device={device} close={close} />)}>{t('change.addPolicy')}</button>
      </p>
    </section>
  )
}

function Roots({ data }: { data: Access }) {
  return (
    <section className="apart">
      <h2>{t('remote.roots')}</h2>
      {data.roots.length === 0 ? <p className="muted">{t('common.none')}</p> : (
        <ul className="plain">
          {data.roots.map((one, at) => (
            <li key={at}>
              <b>{one.subject ?? one.handle}</b> {one.here && <span className="good">✓ {t('remote.ourRoot')}</span>}
              {one.sha256 && <><br /><small className="muted">{t('remote.print')}: <code>{one.sha256}</code></small></>}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
