// What one can do with a screen, always in sight above it.

import type { AMTRedirector } from '@device-management-toolkit/ui-toolkit/core'
import { useState, type FormEvent } from 'react'
import { call, get, type ApiError, type Device } from '../../api'
import { t } from '../../i18n'
import { Allowed, asApiError, Dialog, Failure, quoted, Shells, toast } from '../../parts'
import { useLoad } from '../../state'
import { COMBINATIONS, type as typeText } from './keys'
import { LAYOUTS, type LayoutName } from './layouts'
import type { Figures } from './picture'

const LIVE = 3
const SCALES = ['fit', 'full', 'real'] as const
const LAYOUT = 'viaduct.layout'

export interface Wishes {
  viewOnly: boolean
  setViewOnly: (on: boolean) => void
  scale: (typeof SCALES)[number]
  setScale: (scale: (typeof SCALES)[number]) => void
  depth: 1 | 2
  setDepth: (depth: 1 | 2) => void
  layout: LayoutName
  setLayout: (layout: LayoutName) => void
}

/** How somebody wants to see and use screens; the layout is kept for the next time. */
export function useWishes(): Wishes {
  const [viewOnly, setViewOnly] = useState(false)
  const [scale, setScale] = useState<(typeof SCALES)[number]>('fit')
  const [depth, setDepth] = useState<1 | 2>(2)
  const [layout, choose] = useState<LayoutName>(() => {
    const kept = localStorage.getItem(LAYOUT) ?? 'us'
    return kept in LAYOUTS ? (kept as LayoutName) : 'us'
  })
  const setLayout = (name: LayoutName) => {
    localStorage.setItem(LAYOUT, name)
    choose(name)
  }
  return { viewOnly, setViewOnly, scale, setScale, depth, setDepth, layout, setLayout }
}

interface Props {
  device: Device
  wishes: Wishes
  state: number
  /** Whether the start button is elsewhere. */
  idle: boolean
  figures: Figures | undefined
  source: () => AMTRedirector | undefined
  start: () => void
  stop: () => void
  release: () => void
  send: (keys: number[]) => void
  shoot: () => void
  redraw: (depth: 1 | 2) => void
}

export function Toolbar({ device, wishes: w, state, idle, figures, source, start, stop, release, send, shoot, redraw }: Props) {
  const [typing, setTyping] = useState(false)
  const running = state === LIVE
  const mute = !running || w.viewOnly
  const press = (name: string) => {
    const keys = COMBINATIONS[name]
    if (keys) send(keys)
  }
  const type = async (text: string) => {
    const to = source()
    const missing = to ? await typeText(to, text, w.layout) : ''
    if (missing) toast(t('screen.untyped', { letters: missing }), 'problem')
  }
  return (
    <div className="toolbar">
      {state === 0
        ? !idle && <button className="primary" onClick={start}>{t('screen.connect')}</button>
        : <button className="danger" onClick={stop}>{t('screen.end')}</button>}
      <button disabled={mute} onClick={() => press('Ctrl+Alt+Del')}>{t('screen.cad')}</button>
      <select aria-label={t('screen.keysMenu')} value="" disabled={mute} onChange={(e) => press(e.target.value)}>
        <option value="" disabled>{t('screen.keysMenu')}</option>
        {Object.keys(COMBINATIONS).map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
      <button disabled={!running} onClick={release}>{t('screen.release')}</button>
      <button disabled={mute} onClick={() => setTyping(true)}>{t('screen.paste')}</button>
      <button disabled={!running} onClick={shoot}>{t('screen.shot')}</button>
      <Allowed needs="amt.change"><Displays device={device} /></Allowed>
      <select aria-label={t('screen.scale')} value={w.scale} onChange={(e) => w.setScale(e.target.value as Wishes['scale'])}>
        {SCALES.map((name) => <option key={name} value={name}>{t(`screen.scale.${name}`)}</option>)}
      </select>
      <select
        aria-label={t('screen.quality')} value={w.depth}
        onChange={(e) => {
          const depth = e.target.value === '1' ? 1 : 2
          w.setDepth(depth)
          redraw(depth)
        }}
      >
        <option value={2}>{t('screen.quality.2')}</option>
        <option value={1}>{t('screen.quality.1')}</option>
      </select>
      <label><input type="checkbox" checked={w.viewOnly} onChange={(e) => w.setViewOnly(e.target.checked)} /> {t('screen.viewOnly')}</label>
      {figures && <span className="muted figures">{figures.received === 0 ? t('screen.figuresNone') : t('screen.figures', { n: figures.received, fps: figures.fps, latency: figures.latency })}</span>}
      {typing && <Typing wishes={w} close={() => setTyping(false)} send={(text) => void type(text)} />}
    </div>
  )
}

function Typing({ wishes, close, send }: { wishes: Wishes; close: () => void; send: (text: string) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    send(String(new FormData(event.currentTarget).get('text')))
    close()
  }
  return (
    <Dialog title={t('screen.paste')} close={close}>
      <form onSubmit={submit}>
        <textarea name="text" rows={5} aria-label={t('screen.paste')} autoFocus required />
        <label>{t('screen.layout')}
          <select value={wishes.layout} onChange={(e) => wishes.setLayout(e.target.value as LayoutName)}>
            {(Object.keys(LAYOUTS) as LayoutName[]).map((name) => <option key={name} value={name}>{t(`screen.layout.${name}`)}</option>)}
          </select>
          <small className="muted">{t('screen.pasteHint')}</small>
        </label>
        <p className="actions">
          <button className="primary">{t('screen.type')}</button>
          <button type="button" onClick={close}>{t('common.cancel')}</button>
        </p>
      </form>
    </Dialog>
  )
}

interface Display {
  displayIndex: number
  isActive?: boolean
  isDefault?: boolean
}

/** Which of the PC's displays is shown, where it has more than one. */
function Displays({ device }: { device: Device }) {
  const path = `/amt/kvm/displays/${device.guid}`
  const displays = useLoad(() => get<{ displays: Display[] }>(path).then((answer) => answer.displays.filter((one) => one.isActive)), [path])
  const [error, setError] = useState<ApiError>()
  const all = displays.data ?? []
  if (error) return <Failure error={error} />
  if (all.length < 2) return null
  const choose = (displayIndex: number) =>
    call('PUT', path, { displayIndex }).then(displays.reload, (reason: unknown) => setError(asApiError(reason)))
  return (
    <>
      <select
        aria-label={t('screen.display')} value={all.find((one) => one.isDefault)?.displayIndex ?? 0}
        onChange={(e) => void choose(Number(e.target.value))}
      >
        {all.map((one) => <option key={one.displayIndex} value={one.displayIndex}>{t('screen.displayN', { n: one.displayIndex + 1 })}</option>)}
      </select>
      {all.filter((one) => !one.isDefault).map(({ displayIndex }) => (
        <Shells
          key={displayIndex} of={t('screen.displayN', { n: displayIndex + 1 })}
          cli={`viaduct wsman put ${quoted(device.name || device.guid)} IPS_KVMRedirectionSettingData DefaultScreen=${displayIndex}`}
          method="PUT" path={path} body={{ displayIndex }}
        />
      ))}
    </>
  )
}
