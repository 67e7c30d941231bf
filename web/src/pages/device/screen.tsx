// The screen of the device: picture, keys and mouse.

import { AMTDesktop, DataProcessor, KeyBoardHelper, MouseHelper, CommsHelper, type AMTRedirector } from '@device-management-toolkit/ui-toolkit/core'
import { useEffect, useRef, useState } from 'react'
import { ApiError, type Device } from '../../api'
import { t, type Key } from '../../i18n'
import { Failure } from '../../parts'
import { Consent } from '../../parts/consent'
import { onClosed, redirector } from '../../redirection'

/** No picture after this is worth a hint. */
const PATIENCE = 5_000
/** A long press, then a pause between mouse moves, in milliseconds. */
const MOUSE_PAUSE = 50
const UP = 0
const DOWN = 1
/** X keysyms of keys that get stuck when the focus leaves while they are down. */
const MODIFIERS = [0xffe1, 0xffe2, 0xffe3, 0xffe4, 0xffe7, 0xffe8, 0xffe9, 0xffea]

interface Live {
  source: AMTRedirector
  keys: KeyBoardHelper
  mouse: MouseHelper
}

export default function Screen({ device }: { device: Device }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const live = useRef<Live | null>(null)
  const [state, setState] = useState(0)
  const [ended, setEnded] = useState<string>()
  const [error, setError] = useState<ApiError>()
  const [viewOnly, setViewOnly] = useState(false)
  const [fit, setFit] = useState(true)
  const [picture, setPicture] = useState<'waiting' | 'seen' | 'missing'>('waiting')

  const stop = () => {
    live.current?.keys.UnGrabKeyInput()
    live.current?.source.stop()
    live.current = null
  }
  useEffect(() => stop, [])

  const start = async () => {
    stop()
    setEnded(undefined)
    setError(undefined)
    setPicture('waiting')
    const context = canvas.current?.getContext('2d')
    if (!canvas.current || !context) return
    try {
      const source = await redirector('kvm', device.guid, device.ports)
      const desktop = new AMTDesktop(context)
      const data = new DataProcessor(source, desktop)
      source.onProcessData = data.processData.bind(data)
      source.onStart = desktop.start.bind(desktop)
      // The desktop, not the socket, knows when the picture begins.
      const ownChange = desktop.onStateChange.bind(desktop)
      desktop.onStateChange = (next) => {
        ownChange(next)
        setState(next)
      }
      source.onNewState = desktop.onStateChange
      source.onError = () => setEnded('')
      desktop.onSend = source.send.bind(source)
      desktop.onProcessData = data.processData.bind(data)
      desktop.bpp = 2
      desktop.useZRLE = true
      const mouse = new MouseHelper(desktop, source, MOUSE_PAUSE)
      const keys = new KeyBoardHelper(desktop, source)
      live.current = { source, keys, mouse }
      source.start(WebSocket)
      onClosed(source, (reason) => {
        keys.UnGrabKeyInput()
        setState(0)
        setEnded(reason)
      })
      watchForPicture(canvas.current, setPicture)
    } catch (reason) {
      setError(reason instanceof ApiError ? reason : new ApiError(0, { title: String(reason) }))
    }
  }

  const release = () => {
    const source = live.current?.source
    if (source) MODIFIERS.forEach((key) => CommsHelper.sendKey(source, key, UP))
  }
  const type = () => {
    const text = prompt(t('screen.paste'))
    const source = live.current?.source
    if (!text || !source) return
    for (const letter of text) {
      const code = letter === '\n' ? 0xff0d : (letter.codePointAt(0) ?? 0)
      CommsHelper.sendKey(source, code, DOWN)
      CommsHelper.sendKey(source, code, UP)
    }
  }
  const shot = () =>
    canvas.current?.toBlob((blob) => {
      if (!blob) return
      const link = document.createElement('a')
      link.href = URL.createObjectURL(blob)
      link.download = `${device.name || device.guid}.png`
      link.click()
      URL.revokeObjectURL(link.href)
    })
  const pointer = (name: 'mousedown' | 'mouseup' | 'mousemove') => (event: React.MouseEvent) => {
    if (!viewOnly && state === 3) live.current?.mouse[name](event.nativeEvent)
  }

  return (
    <section className="screen">
      <div className="toolbar">
        {state === 0
          ? <button className="primary" onClick={() => void start()}>{t('screen.connect')}</button>
          : <button className="danger" onClick={stop}>{t('screen.end')}</button>}
        <span role="status">{t(`screen.state.${Math.min(state, 3)}` as Key)}</span>
        <button disabled={state !== 3} onClick={() => live.current && CommsHelper.sendCtrlAltDelMsg(live.current.source)}>
          {t('screen.cad')}
        </button>
        <button disabled={state !== 3} onClick={release}>{t('screen.release')}</button>
        <button disabled={state !== 3} onClick={type}>{t('screen.paste')}</button>
        <button disabled={state !== 3} onClick={shot}>{t('screen.shot')}</button>
        <label><input type="checkbox" checked={viewOnly} onChange={(e) => setViewOnly(e.target.checked)} /> {t('screen.viewOnly')}</label>
        <label><input type="checkbox" checked={fit} onChange={(e) => setFit(e.target.checked)} /> {t('screen.full')}</label>
      </div>
      {error && <Failure error={error} retry={() => void start()} />}
      {ended !== undefined && state === 0 && (
        <p role="alert" className="failure">{t('screen.ended', { reason: ended || t('screen.endedPlain') })}</p>
      )}
      <Consent guid={device.guid} />
      {state === 3 && picture === 'missing' && <p role="alert" className="failure">{t('screen.noPicture')}</p>}
      <canvas
        ref={canvas} width={640} height={480} tabIndex={0} aria-label={t('device.screen')}
        className={`${fit ? 'fit' : ''} ${state === 3 ? '' : 'dead'}`}
        onFocus={() => !viewOnly && live.current?.keys.GrabKeyInput()}
        onBlur={() => { live.current?.keys.UnGrabKeyInput(); release() }}
        onKeyDown={(e) => { if (e.ctrlKey && e.altKey && e.shiftKey) e.currentTarget.blur() }}
        onMouseDown={(e) => { e.currentTarget.focus(); pointer('mousedown')(e) }}
        onMouseUp={pointer('mouseup')} onMouseMove={pointer('mousemove')}
        onContextMenu={(e) => e.preventDefault()}
      />
      <p className="muted">{t('screen.keys')}</p>
    </section>
  )
}

/** A picture was seen when any pixel has been drawn. */
function watchForPicture(canvas: HTMLCanvasElement, tell: (seen: 'seen' | 'missing') => void) {
  setTimeout(() => {
    const { width, height } = canvas
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height).data
    tell(pixels?.some((value, at) => at % 4 === 3 && value !== 0) ? 'seen' : 'missing')
  }, PATIENCE)
}
