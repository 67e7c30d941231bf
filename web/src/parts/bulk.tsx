// One deed for many PCs, after their number was typed.

import { useState } from 'react'
import { patch, post, remove, type Device } from '../api'
import { t } from '../i18n'
import { useMay } from '../session'
import { POWER, powerCall, sendPower } from '../power'
import { quoted, Shells, type Request } from './shells'
import { Allowed } from './allowed'
import { Dialog } from './dialog'
import { labelsOf } from './labels'

/** Requests under way at once: enough to be quick, few enough to stop in time. */
const AT_ONCE = 6

interface Deed {
  title: string
  harsh: boolean
  cli: (devices: Device[]) => string
  /** What is asked of the server for one of them. */
  request: (device: Device) => Request
  run: (device: Device) => Promise<unknown>
}

const names = (devices: Device[]) => devices.map((d) => quoted(d.name || d.guid)).join(' ')

function powerDeed(key: string): Deed | undefined {
  const what = POWER.find((p) => p.key === key)
  return what && {
    title: t(what.key),
    harsh: what.harsh,
    cli: (devices) => `viaduct ${what.cli} ${names(devices)}`,
    request: (device) => ({ method: 'POST', ...powerCall(what, device.guid) }),
    run: (device) => sendPower(what, device.guid)
  }
}

function accessDeed(verb: 'approve' | 'block'): Deed {
  return {
    title: t(`unclaimed.${verb}`),
    harsh: false,
    cli: (devices) => `viaduct devices ${verb} ${names(devices)}`,
    request: (device) => ({ method: 'POST', path: `/devices/${device.guid}/${verb}` }),
    run: (device) => post(`/devices/${device.guid}/${verb}`)
  }
}

function reconnectDeed(): Deed {
  const path = (device: Device) => `/devices/disconnect/${device.guid}`
  return {
    title: t('device.reconnect'),
    harsh: false,
    cli: (devices) => `viaduct devices reconnect ${names(devices)}`,
    request: (device) => ({ method: 'DELETE', path: path(device) }),
    run: (device) => remove(path(device))
  }
}

function labelDeed(text: string): Deed {
  const labels = labelsOf(text)
  return {
    title: t('bulk.labelTitle', { labels: text }),
    harsh: false,
    cli: (devices) => devices.map((d) => `viaduct devices label ${quoted(d.name || d.guid)} ${text}`).join('\n'),
    request: (device) => ({ method: 'PATCH', path: `/devices/${device.guid}`, body: { labels } }),
    run: (device) => patch(`/devices/${device.guid}`, { labels })
  }
}

/** Whoever has none of these can do nothing with many at once. */
export const BULK_RIGHTS = ['devices.change', 'tunnels.disconnect', ...POWER.map(({ needs }) => needs)]

export function Bulk({ devices, clear, changed }: { devices: Device[]; clear: () => void; changed?: () => void }) {
  const [deed, setDeed] = useState<Deed>()
  const [labels, setLabels] = useState('')
  const may = useMay()
  const power = POWER.filter(({ needs }) => may(needs))
  return (
    <div className="bulk" role="region" aria-label={t('devices.selected', { n: devices.length })}>
      <strong>{t('devices.selected', { n: devices.length })}</strong>
      {power.length > 0 && (
        <select aria-label={t('devices.bulk')} value="" onChange={(e) => setDeed(powerDeed(e.target.value))}>
          <option value="" disabled>{t('devices.bulk')} …</option>
          {power.map((p) => <option key={p.key} value={p.key}>{t(p.key)}</option>)}
        </select>
      )}
      <Allowed needs="devices.change">
        <form className="actions" onSubmit={(e) => { e.preventDefault(); if (labels.trim()) setDeed(labelDeed(labels.trim())) }}>
          <input aria-label={t('bulk.label')} placeholder="site=berlin" value={labels} onChange={(e) => setLabels(e.target.value)} size={14} />
          <button>{t('bulk.label')}</button>
        </form>
        <button onClick={() => setDeed(accessDeed('approve'))}>{t('unclaimed.approve')}</button>
        <button onClick={() => setDeed(accessDeed('block'))}>{t('unclaimed.block')}</button>
      </Allowed>
      <Allowed needs="tunnels.disconnect"><button onClick={() => setDeed(reconnectDeed())}>{t('device.reconnect')}</button></Allowed>
      <button onClick={clear}>{t('bulk.none')}</button>
      {deed && <Confirm deed={deed} devices={devices} close={() => { setDeed(undefined); changed?.() }} />}
    </div>
  )
}

interface Outcome {
  name: string
  error?: string
}

function Confirm({ deed, devices: given, close }: { deed: Deed; devices: Device[]; close: () => void }) {
  // What was agreed to is what is done, whatever changes in the list meanwhile.
  const [devices] = useState(given)
  const [typed, setTyped] = useState('')
  const [outcomes, setOutcomes] = useState<Outcome[]>()
  const [busy, setBusy] = useState(false)
  const [stop] = useState(() => ({ wanted: false }))
  const failed = outcomes?.filter((o) => o.error) ?? []
  const go = async () => {
    setBusy(true)
    const done: Outcome[] = []
    const queue = [...devices]
    const worker = async () => {
      for (let d = queue.shift(); d && !stop.wanted; d = queue.shift()) {
        const name = d.name || d.guid
        try {
          await deed.run(d)
          done.push({ name })
        } catch (error) {
          done.push({ name, error: (error as Error).message })
        }
        setOutcomes([...done])
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    setBusy(false)
  }
  const first = devices[0]
  return (
    <Dialog title={deed.title} close={() => { if (!busy) close() }}>
      {!outcomes && (
        <>
          <p className="names">{devices.slice(0, 12).map((d) => d.name || d.guid).join(', ')}{devices.length > 12 && ' …'}</p>
          <label>
            {t('devices.bulkConfirm', { n: devices.length })}{' '}
            <input inputMode="numeric" value={typed} onChange={(e) => setTyped(e.target.value)} autoFocus size={8} />
          </label>
        </>
      )}
      {deed.harsh && !outcomes && <p className="warn">⚠ {t('power.lost')}</p>}
      {outcomes && (
        <>
          <progress aria-label={deed.title} max={devices.length} value={outcomes.length} />
          <p role="status">{t('devices.bulkDone', { ok: outcomes.length - failed.length, failed: failed.length })}</p>
          <ul className="plain failures">{failed.map((o) => <li key={o.name}>✗ {o.name}: {o.error}</li>)}</ul>
        </>
      )}
      <p className="actions">
        {!outcomes && (
          <button className={deed.harsh ? 'danger' : 'primary'} disabled={busy || typed.trim() !== String(devices.length)} onClick={() => void go()}>
            {deed.title}
          </button>
        )}
        {busy
          ? <button onClick={() => { stop.wanted = true }}>{t('bulk.stop')}</button>
          : <button onClick={close}>{t(outcomes ? 'common.close' : 'common.cancel')}</button>}
        {first && <Shells cli={deed.cli(devices)} {...deed.request(first)} />}
      </p>
    </Dialog>
  )
}
