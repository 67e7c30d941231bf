// One power action for many PCs, after their number was typed.

import { useState } from 'react'
import type { Device } from '../api'
import { t } from '../i18n'
import { POWER, sendPower, type PowerAction } from '../power'
import { Copy, Dialog } from '.'

/** Requests under way at once: enough to be quick, few enough to stop in time. */
const AT_ONCE = 6

export function Bulk({ devices, clear }: { devices: Device[]; clear: () => void }) {
  const [what, setWhat] = useState<PowerAction>()
  return (
    <div className="bulk">
      <strong>{t('devices.selected', { n: devices.length })}</strong>
      <label>
        {t('devices.bulk')}{' '}
        <select value="" onChange={(e) => setWhat(POWER.find((p) => p.key === e.target.value))}>
          <option value="" disabled>…</option>
          {POWER.map((p) => <option key={p.key} value={p.key}>{t(p.key)}</option>)}
        </select>
      </label>
      <button onClick={clear}>{t('common.cancel')}</button>
      {what && <Confirm what={what} devices={devices} close={() => setWhat(undefined)} />}
    </div>
  )
}

interface Outcome {
  name: string
  error?: string
}

function Confirm({ what, devices, close }: { what: PowerAction; devices: Device[]; close: () => void }) {
  const [typed, setTyped] = useState('')
  const [outcomes, setOutcomes] = useState<Outcome[]>()
  const [busy, setBusy] = useState(false)
  const failed = outcomes?.filter((o) => o.error) ?? []
  const go = async () => {
    setBusy(true)
    const done: Outcome[] = []
    const queue = [...devices]
    const worker = async () => {
      for (let d = queue.shift(); d; d = queue.shift()) {
        const name = d.name || d.guid
        try {
          await sendPower(what, d.guid)
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
  const cli = `viaduct ${what.cli} ${devices.map((d) => d.name || d.guid).join(' ')}`
  return (
    <Dialog title={t(what.key)} close={close}>
      {!outcomes && (
        <label>
          {t('devices.bulkConfirm', { n: devices.length })}
          <input inputMode="numeric" value={typed} onChange={(e) => setTyped(e.target.value)} autoFocus />
        </label>
      )}
      {what.harsh && !outcomes && <p className="warn">{t('power.lost')}</p>}
      {outcomes && (
        <>
          <progress max={devices.length} value={outcomes.length} />
          <p role="status">{t('devices.bulkDone', { ok: outcomes.length - failed.length, failed: failed.length })}</p>
          <ul className="plain">{failed.map((o) => <li key={o.name}>{o.name}: {o.error}</li>)}</ul>
        </>
      )}
      <p className="actions">
        {!outcomes && (
          <button className="danger" disabled={busy || typed !== String(devices.length)} onClick={() => void go()}>
            {t(what.key)}
          </button>
        )}
        <Copy text={cli} label={t('common.asCli')} />
        <button onClick={close} disabled={busy}>{t(outcomes ? 'common.close' : 'common.cancel')}</button>
      </p>
    </Dialog>
  )
}
