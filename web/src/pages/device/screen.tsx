// The screen of the device: picture, keys and mouse.

import { useEffect, useRef, useState, type FormEvent } from 'react'
import { call, get, type ApiError, type Device } from '../../api'
import { t, type Key } from '../../i18n'
import { asApiError, Dialog, Failure } from '../../parts'
import { Consent } from '../../parts/consent'
import { useLoad } from '../../state'
import { COMBINATIONS, press, release, type as typeText } from './keys'
import { open, type Figures, type Live } from './picture'

/** No picture after this is worth a hint. */
const PATIENCE = 5_000
const LIVE = 3

export default function Screen({ device }: { device: Device }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const live = useRef<Live | null>(null)
  const [state, setState] = useState(0)
  const [ended, setEnded] = useState<string>()
  const [error, setError] = useState<ApiError>()
  const [viewOnly, setViewOnly] = useState(false)
  const [fit, setFit] = useState(true)
  const [picture, setPicture] = useState<'waiting' | 'seen' | 'missing'>('waiting')
  const [figures, setFigures] = useState<Figures>()
  const [typing, setTyping] = useState(false)
  const running = state === LIVE

  const stop = () => {
    live.current?.keys.UnGrabKeyInput()
    live.current?.source.stop()
    live.current = null
  }
  useEffect(() => stop, [])
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => setFigures(live.current?.figures()), 1000)
    return () => clearInterval(timer)
  }, [running])
  useEffect(() => {
    if (!running || picture !== 'waiting') return
    const look = (last: boolean) => {
      if (isDrawn(canvas.current)) setPicture('seen')
      else if (last) setPicture('missing')
    }
    const often = setInterval(() => look(false), 500)
    const late = setTimeout(() => look(true), PATIENCE)
    return () => { clearInterval(often); clearTimeout(late) }
  }, [running, picture])

  const start = async () => {
    stop()
    setEnded(undefined)
    setError(undefined)
    setPicture('waiting')
    const context = canvas.current?.getContext('2d', { willReadFrequently: true })
    if (!context) return
    context.clearRect(0, 0, context.canvas.width, context.canvas.height)
    try {
      live.current = await open(device, context, {
        state: setState,
        closed: (reason) => {
          live.current = null
          setState(0)
          setEnded(reason)
        }
      })
    } catch (reason) {
      setError(asApiError(reason))
    }
  }
  const to = () => live.current?.source
  const letGo = () => {
    const source = to()
    if (source) release(source)
  }
  const send = (name: string) => {
    const [source, keys] = [to(), COMBINATIONS[name]]
    if (source && keys) press(source, keys)
    canvas.current?.focus()
  }
  const pointer = (name: 'mousedown' | 'mouseup' | 'mousemove') => (event: React.MouseEvent) => {
    if (!viewOnly && running) live.current?.mouse[name](event.nativeEvent)
  }

  return (
    <section className="screen">
      <div className="toolbar">
        {state === 0
          ? <button className="primary" onClick={() => void start()}>{t('screen.connect')}</button>
          : <button className="danger" onClick={stop}>{t('screen.end')}</button>}
        <span role="status">{t(`screen.state.${Math.min(state, LIVE)}` as Key)}</span>
        <button disabled={!running || viewOnly} onClick={() => send('Ctrl+Alt+Del')}>{t('screen.cad')}</button>
        <select aria-label={t('screen.keysMenu')} value="" disabled={!running || viewOnly} onChange={(e) => send(e.target.value)}>
          <option value="" disabled>{t('screen.keysMenu')}</option>
          {Object.keys(COMBINATIONS).map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
        <button disabled={!running} onClick={letGo}>{t('screen.release')}</button>
        <button disabled={!running || viewOnly} onClick={() => setTyping(true)}>{t('screen.paste')}</button>
        <button disabled={!running} onClick={() => canvas.current && shoot(canvas.current, device.name || device.guid)}>{t('screen.shot')}</button>
        <Displays device={device} />
        <label><input type="checkbox" checked={viewOnly} onChange={(e) => setViewOnly(e.target.checked)} /> {t('screen.viewOnly')}</label>
        <label><input type="checkbox" checked={fit} onChange={(e) => setFit(e.target.checked)} /> {t('screen.full')}</label>
        {running && figures && <span className="muted figures">{t('screen.figures', { fps: figures.fps, latency: figures.latency })}</span>}
      </div>
      {error && <Failure error={error} retry={() => void start()} />}
      <Consent guid={device.guid} />
      {running && picture === 'missing' && <p role="alert" className="failure">{t('screen.noPicture')}</p>}
      <div className="stage">
        <canvas
          ref={canvas} width={640} height={480} tabIndex={0} aria-label={t('device.screen')}
          className={`${fit ? 'fit' : ''} ${running ? '' : 'dead'}`}
          onFocus={() => !viewOnly && live.current?.keys.GrabKeyInput()}
          onBlur={() => { live.current?.keys.UnGrabKeyInput(); letGo() }}
          onKeyDown={(e) => { if (e.ctrlKey && e.altKey && e.shiftKey) e.currentTarget.blur() }}
          onMouseDown={(e) => { e.currentTarget.focus(); pointer('mousedown')(e) }}
          onMouseUp={pointer('mouseup')} onMouseMove={pointer('mousemove')}
          onContextMenu={(e) => e.preventDefault()}
        />
        {ended !== undefined && state === 0 && (
          <div role="alert" className="overlay">
            <p><strong>{t('screen.over')}</strong></p>
            <p>{t('screen.ended', { reason: ended || t('screen.endedPlain') })}</p>
            <button className="primary" onClick={() => void start()}>{t('screen.reconnect')}</button>
          </div>
        )}
      </div>
      <p className="muted">{t('screen.keys')}</p>
      {typing && <Typing close={() => setTyping(false)} send={(text) => { const source = to(); if (source) typeText(source, text) }} />}
    </section>
  )
}

function Typing({ close, send }: { close: () => void; send: (text: string) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    send(String(new FormData(event.currentTarget).get('text')))
    close()
  }
  return (
    <Dialog title={t('screen.paste')} close={close}>
      <form onSubmit={submit}>
        <textarea name="text" rows={5} aria-label={t('screen.paste')} autoFocus required />
        <p className="muted">{t('screen.pasteHint')}</p>
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
    <select
      aria-label={t('screen.display')} value={all.find((one) => one.isDefault)?.displayIndex ?? 0}
      onChange={(e) => void choose(Number(e.target.value))}
    >
      {all.map((one) => <option key={one.displayIndex} value={one.displayIndex}>{t('screen.displayN', { n: one.displayIndex + 1 })}</option>)}
    </select>
  )
}

/** Something has been drawn when any pixel is there. */
function isDrawn(canvas: HTMLCanvasElement | null): boolean {
  const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data
  return pixels?.some((value, at) => at % 4 === 3 && value !== 0) ?? false
}

function shoot(canvas: HTMLCanvasElement, name: string) {
  canvas.toBlob((blob) => {
    if (!blob) return
    const link = document.createElement('a')
    link.href = URL.createObjectURL(blob)
    link.download = `${name}.png`
    link.click()
    URL.revokeObjectURL(link.href)
  })
}
