// Power state and actions of one device.

import { useEffect, useState } from 'react'
import { Link } from 'wouter'
import { get, type ApiError, type Device } from '../../api'
import { isKey, t } from '../../i18n'
import { asApiError, Dialog, Failure, quoted, Shells } from '../../parts'
import { isDark, notePower, POWER, powerCall, sendPower, type PowerAction } from '../../power'
import { closeAll, liveOf } from '../../live'
import { useMay } from '../../session'
import { useLoad } from '../../state'
import { HttpsBoot } from './https'

const POLL = 15_000
/** Off, sleep, hibernation and shutdown: no screen outlives them. */
const ENDING = [4, 7, 8, 12]
/** The boot that needs a form. */
const HTTPS = 'boot.https'

export function PowerBar({ device }: { device: Device }) {
  const [what, setWhat] = useState<PowerAction>()
  const [fetching, setFetching] = useState(false)
  const may = useMay()
  const state = useLoad(
    () => device.connectionStatus
      ? get<{ powerstate: number }>(`/amt/power/state/${device.guid}`).then((answer) => answer.powerstate)
      : Promise.resolve(0),
    [device.guid, device.connectionStatus],
    POLL
  )
  useEffect(() => { if (state.data !== undefined) notePower(device.guid, state.data) }, [device.guid, state.data])
  const denied = POWER.find(({ needs }) => !may(needs))
  const key = `power.${state.data}`
  const words = state.data !== undefined && isKey(key) ? t(key) : t('power.unknown')
  return (
    <div className="powerbar">
      {device.connectionStatus && <span aria-live="polite">{t('power.title')}: {state.error ? t('power.unknown') : words}</span>}
      {['power.on', 'power.reset', 'power.off'].map((name) => {
        const action = POWER.find((p) => p.key === name)
        return action && (
          <button key={name} className={name === 'power.on' && isDark(state.data) ? 'primary' : undefined}
            disabled={!device.connectionStatus || !may(action.needs)} title={may(action.needs) ? undefined : t('error.403')} onClick={() => setWhat(action)}>{t(action.key)}</button>
        )
      })}
      <select
        aria-label={t('power.title')} className="secondary" value="" disabled={!device.connectionStatus || !POWER.some(({ needs }) => may(needs))}
        onChange={(e) => e.target.value === HTTPS ? setFetching(true) : setWhat(POWER.find((p) => p.key === e.target.value))}
      >
        <option value="" disabled>{t('power.more')}</option>
        {POWER.map((p) => <option key={p.key} value={p.key} disabled={!may(p.needs)}>{t(p.key)}</option>)}
        <option value={HTTPS} disabled={!may('boot')}>{t(HTTPS)}</option>
      </select>
      {denied && <Link href={`/permissions?right=${denied.needs}`}>{t('permissions.whyNot')}</Link>}
      {what && <Confirm device={device} what={what} close={() => { setWhat(undefined); state.reload() }} />}
      {fetching && <HttpsBoot device={device} close={() => { setFetching(false); state.reload() }} />}
    </div>
  )
}

export function Confirm({ device, what, close }: { device: Device; what: PowerAction; close: () => void }) {
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState(false)
  const [closed, setClosed] = useState(false)
  const [error, setError] = useState<ApiError>()
  const name = device.name || device.guid
  const { path, body } = powerCall(what, device.guid)
  // A PC whose screen is being shown may refuse to switch off.
  const closes = ENDING.includes(what.action) && liveOf(device.guid) > 0
  const go = async () => {
    setBusy(true)
    try {
      if (closes) {
        setClosed(true)
        closeAll(device.guid, t('screen.closedForPower', { action: t(what.key) }))
      }
      await sendPower(what, device.guid)
      setDone(true)
      setError(undefined)
    } catch (reason) {
      setError(asApiError(reason))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog title={t(done ? 'power.asked' : 'power.confirm', { action: t(what.key), name })} close={close}>
      {what.harsh && !done && <p className="warn">{t('power.lost')}</p>}
      {closes && !closed && <p className="notice">{t('power.closes')}</p>}
      {closed && <p className="notice">{t('power.closed')}</p>}
      {done && <p role="status">{t('power.sent', { action: t(what.key) })}</p>}
      {error && <Failure error={error} />}
      <p className="actions">
        {!done && (
          <button className={what.harsh ? 'danger' : 'primary'} disabled={busy} onClick={() => void go()} autoFocus>
            {t(what.key)}
          </button>
        )}
        <button onClick={close}>{t(done ? 'common.close' : 'common.cancel')}</button>
        <Shells cli={`viaduct ${what.cli} ${quoted(name)}`} method="POST" path={path} body={body} />
      </p>
    </Dialog>
  )
}
