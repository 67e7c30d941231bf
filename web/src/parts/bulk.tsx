// One deed for many PCs, after their number was typed.

import { useState } from 'react'
import { patch, post, remove, type Device } from '../api'
import { t } from '../i18n'
import { useMay } from '../session'
import { POWER, powerCall, sendPower } from '../power'
import { Allowed } from './allowed'
import { Confirm, type Deed } from './confirm'
import { labelsOf, labelWords } from './labels'

/** More are not interrupted by the command line unless it is told how many. */
const UNTOLD = 25

function powerDeed(key: string): Deed | undefined {
  const what = POWER.find((p) => p.key === key)
  return what && {
    title: t(what.key),
    harsh: what.harsh,
    cli: (chosen, n) => `viaduct ${what.cli} ${chosen.join(' ')}${n > UNTOLD && what.key !== 'power.on' ? ` --max-devices ${n}` : ''}`,
    request: (device) => ({ method: 'POST', ...powerCall(what, device.guid) }),
    run: (device) => sendPower(what, device.guid)
  }
}

function accessDeed(verb: 'approve' | 'block'): Deed {
  return {
    title: t(`unclaimed.${verb}`),
    harsh: false,
    cli: (chosen) => `viaduct devices ${verb} ${chosen.join(' ')}`,
    request: (device) => ({ method: 'POST', path: `/devices/${device.guid}/${verb}` }),
    run: (device) => post(`/devices/${device.guid}/${verb}`)
  }
}

function reconnectDeed(): Deed {
  const path = (device: Device) => `/devices/disconnect/${device.guid}`
  return {
    title: t('device.reconnect'),
    harsh: false,
    cli: (chosen) => `viaduct devices reconnect ${chosen.join(' ')}`,
    request: (device) => ({ method: 'DELETE', path: path(device) }),
    run: (device) => remove(path(device))
  }
}

function labelDeed(text: string): Deed {
  const labels = labelsOf(text)
  return {
    title: t('bulk.labelTitle', { labels: text }),
    harsh: false,
    // One word stands for all of them here: a name, or a list.
    cli: (chosen) => chosen.map((one) => `viaduct devices label ${one} ${labelWords(labels)}`).join('\n'),
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
