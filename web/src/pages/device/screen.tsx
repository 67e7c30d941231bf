// The screen of the device: picture, keys and mouse.

import { useEffect, useRef, useState } from 'react'
import type { ApiError, Device } from '../../api'
import { isKey, t, type Key } from '../../i18n'
import { Allowed, asApiError, Failure, toast } from '../../parts'
import { Consent } from '../../parts/consent'
import { Ended } from '../../parts/ended'
import { Guests } from '../../parts/guests'
import { keepLive } from '../../live'
import { isDark, POWER, usePowerState } from '../../power'
import { useLostSince } from '../../state'
import { press, release } from './keys'
import { open, type Figures, type Live } from './picture'
import { Confirm } from './power'
import { useReturned } from './returned'
import { Toolbar, useWishes } from './toolbar'

/** No picture after this is worth a hint. */
const PATIENCE = 5_000
const LIVE = 3

export default function Screen({ device }: { device: Device }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const live = useRef<Live | null>(null)
  const [state, setState] = useState(0)
  const [ended, setEnded] = useState<string>()
  const [waiting, setWaiting] = useState(false)
  const [error, setError] = useState<ApiError>()
  const [figures, setFigures] = useState<Figures>()
  const [mute, setMute] = useState(false)
  const wishes = useWishes()
  const running = state === LIVE
  /** Nothing was begun: the start button is where the picture will be. */
  const idle = ended === undefined && state === 0 && !error
  const power = usePowerState(device.guid)
  // A socket may stay open for minutes after its network went.
  const stale = useLostSince() !== null && running
  const [picture, again] = usePicture(canvas, running)

  // A session that was ended here, or replaced, has nothing to say any more.
  const turn = useRef(0)
  const stop = () => {
    turn.current++
    setState(0)
    live.current?.keys.UnGrabKeyInput()
    live.current?.source.stop()
    live.current = null
  }
  useEffect(() => stop, [])
  // From a PC that never sent a picture, none is awaited.
  const dead = mute && picture === 'seen' && !isDark(power)
  const old = useReturned(
    running,
    // From a PC that has sent none yet, none is awaited: a session is not over because its PC shows nothing.
    // Asked of the canvas too: that one was seen is noted only a moment after it came. And not of it alone: it is empty
    // for a moment after each change of size.
    () => {
      const awaited = (picture === 'seen' || isDrawn(canvas.current)) && !isDark(power)
      return live.current && awaited ? live.current.renew() : Promise.resolve(true)
    },
    () => {
      stop()
      setEnded(t('closed.away'))
    }
  )
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => {
      setFigures(live.current?.figures())
      setMute(live.current ? !live.current.answers() : false)
    }, 1000)
    const over = keepLive(device.guid, (why) => {
      stop()
      setEnded(why)
    })
    return () => { clearInterval(timer); over(); setMute(false) }
  }, [running])

  const start = async (takeOver = false, depth = wishes.depth) => {
    stop()
    setEnded(undefined)
    setError(undefined)
    setWaiting(false)
    again()
    const context = canvas.current?.getContext('2d', { willReadFrequently: true })
    if (!context) return
    context.clearRect(0, 0, context.canvas.width, context.canvas.height)
    try {
      const mine = turn.current
      const opened = await open(device, context, { depth, takeOver }, {
        state: (next) => { if (turn.current === mine) setState(next) },
        closed: (reason, halted) => {
          if (turn.current !== mine) return
          if (halted) return void start(false, depth)
          live.current = null
          setState(0)
          // The socket's own end has the reason; an error before it has none.
          setEnded((known) => reason || known || '')
        }
      })
      if (turn.current === mine) live.current = opened
      else opened.source.stop()
    } catch (reason) {
      setError(asApiError(reason))
    }
  }
  const to = () => live.current?.source
  const letGo = () => {
    const source = to()
    if (source) release(source, live.current?.held)
  }
  const pointer = (name: 'mousedown' | 'mouseup' | 'mousemove') => (event: React.MouseEvent) => {
    if (!wishes.viewOnly && running) live.current?.mouse[name](event.nativeEvent)
  }
  return (
    <section className="screen">
      <Toolbar
        device={device} wishes={wishes} state={state} idle={idle} figures={running ? figures : undefined} source={to}
        start={() => void start()} stop={stop} release={letGo}
        send={(keys) => {
          const source = to()
          if (source) press(source, keys)
          canvas.current?.focus()
        }}
        shoot={() => canvas.current && shoot(canvas.current, device.name || device.guid)}
        redraw={(depth) => { if (running) void start(false, depth) }}
      />
      <span role="status" className="state-of-screen">{stale ? t('screen.stale') : dead ? t('screen.mute') : old ? t('screen.old') : t(`screen.state.${Math.min(state, LIVE)}` as Key)}</span>
      {error && <Failure error={error} retry={() => void start()} />}
      <Consent device={device} given={() => { if (!live.current) void start() }} />
      <Guests guid={device.guid} mode="kvm" running={running} canvas={canvas} give={() => { stop(); setEnded(t('guests.given')) }} />
      {running && picture === 'missing' && <NoPicture device={device} />}
      <div className="stage">
        <canvas
          ref={canvas} width={640} height={480} tabIndex={running ? 0 : -1} aria-label={t('device.screen')} aria-describedby="way-out"
          className={`${wishes.scale} ${running && !stale && !old && !dead ? '' : 'dead'}`}
          onFocus={() => !wishes.viewOnly && live.current?.keys.GrabKeyInput()}
          onBlur={() => { live.current?.keys.UnGrabKeyInput(); letGo() }}
          onKeyDown={(e) => { if (e.ctrlKey && e.altKey && e.shiftKey) { e.currentTarget.blur(); toast(t('screen.keysBack')) } }}
          onMouseDown={(e) => { e.currentTarget.focus(); pointer('mousedown')(e) }}
          onMouseUp={pointer('mouseup')} onMouseMove={pointer('mousemove')}
          onContextMenu={(e) => e.preventDefault()}
        />
        {ended !== undefined && state === 0 && (
          <Ended
            guid={device.guid} mode="kvm" reason={ended} start={(takeOver) => void start(takeOver)}
            waiting={waiting} wait={setWaiting}
          />
        )}
        {idle && (
          <div className="overlay">
            <Off device={device} />
            <Allowed needs="redirect.kvm" why>
              <button className={isDark(power) ? undefined : 'primary'} onClick={() => void start()}>{t('screen.connect')}</button>
            </Allowed>
          </div>
        )}
      </div>
      <p className="muted" id="way-out">{t('screen.keys')}</p>
    </section>
  )
}

/** Whether something has been drawn; the second begins the waiting anew. */
function usePicture(canvas: React.RefObject<HTMLCanvasElement | null>, running: boolean): ['waiting' | 'seen' | 'missing', () => void] {
  const [picture, setPicture] = useState<'waiting' | 'seen' | 'missing'>('waiting')
  useEffect(() => {
    if (!running || picture === 'seen') return
    const look = (last: boolean) => {
      if (isDrawn(canvas.current)) setPicture('seen')
      else if (last) setPicture('missing')
    }
    // One that comes late is welcome too.
    const often = setInterval(() => look(false), 500)
    const late = setTimeout(() => look(true), PATIENCE)
    return () => { clearInterval(often); clearTimeout(late) }
  }, [running, picture])
  return [picture, () => setPicture('waiting')]
}

/** Said where a picture is missed, with the way out of it beside it. */
function Off({ device }: { device: Device }) {
  const state = usePowerState(device.guid)
  const [asking, setAsking] = useState(false)
  const on = POWER.find(({ key }) => key === 'power.on')
  if (!isDark(state)) return null
  const key = `power.${state}`
  return (
    <>
      <p><strong>{t('screen.off', { state: isKey(key) ? t(key) : '' })}</strong></p>
      <p>{t('screen.offHint')}</p>
      <Allowed needs="power.on"><button className="primary" onClick={() => setAsking(true)}>{t('screen.switchOn')}</button></Allowed>
      {asking && on && <Confirm device={device} what={on} close={() => setAsking(false)} />}
    </>
  )
}

function NoPicture({ device }: { device: Device }) {
  if (isDark(usePowerState(device.guid))) return <div role="alert" className="failure"><Off device={device} /> <code>E2034</code></div>
  return (
    <div role="alert" className="failure">
      <p><strong>{t('screen.noPicture')}</strong> <code>E2034</code></p>
      <ul>
        {(['monitor', 'graphics', 'asleep', 'off', 'port'] as const).map((cause) => <li key={cause}>{t(`screen.noPicture.${cause}`)}</li>)}
      </ul>
    </div>
  )
}

/** Something is to be seen when any pixel is not black: a PC that is off or has no monitor may send black. */
function isDrawn(canvas: HTMLCanvasElement | null): boolean {
  const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data
  return pixels?.some((value, at) => at % 4 !== 3 && value !== 0) ?? false
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
