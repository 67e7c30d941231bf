// The serial console of the device.

import { AmtTerminal, TerminalDataProcessor, type AMTRedirector } from '@device-management-toolkit/ui-toolkit/core'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Terminal as Xterm } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { useEffect, useRef, useState } from 'react'
import type { ApiError, Device } from '../../api'
import { t, type Key } from '../../i18n'
import { keepLive } from '../../live'
import { useLostSince } from '../../state'
import { Allowed, asApiError, download, Failure, toast } from '../../parts'
import { Consent } from '../../parts/consent'
import { Ended } from '../../parts/ended'
import { Guests } from '../../parts/guests'
import { begin, onClosed, redirector } from '../../redirection'
import { Filter, FUNCTION_KEYS, SIZES } from './serial'

const LIVE = 3
const FONTS = [10, 12, 14, 16, 18, 22] as const
/** Characters of the log that are kept. */
const LOG = 4 << 20

interface Screen {
  xterm: Xterm
  search: SearchAddon
  fit: FitAddon
}

export default function Terminal({ device }: { device: Device }) {
  const place = useRef<HTMLDivElement>(null)
  const screen = useRef<Screen | null>(null)
  const source = useRef<AMTRedirector | null>(null)
  const keys = useRef<((text: string) => void) | null>(null)
  const log = useRef('')
  const turn = useRef(0)
  const [state, setState] = useState(0)
  const [ended, setEnded] = useState<string>()
  const [waiting, setWaiting] = useState(false)
  const [error, setError] = useState<ApiError>()
  const running = state === LIVE
  const stale = useLostSince() !== null && running

  const stop = () => {
    turn.current++
    setState(0)
    source.current?.stop()
    source.current = null
  }
  useEffect(() => {
    if (!place.current) return
    const xterm = new Xterm({ cursorBlink: true, scrollback: 5000, fontSize: 14 })
    const [fit, search] = [new FitAddon(), new SearchAddon()]
    xterm.loadAddon(fit)
    xterm.loadAddon(search)
    xterm.open(place.current)
    // Tab is the PC's, so another combination leaves: the one that leaves a screen.
    xterm.attachCustomKeyEventHandler((event) => {
      if (!(event.ctrlKey && event.altKey && event.shiftKey)) return true
      xterm.blur()
      toast(t('screen.keysBack'))
      return false
    })
    fit.fit()
    screen.current = { xterm, search, fit }
    return () => {
      stop()
      xterm.dispose()
    }
  }, [])
  // Without a session nobody takes the keys, and Tab would go nowhere.
  useEffect(() => {
    const keyboard = screen.current?.xterm.textarea
    if (keyboard) keyboard.tabIndex = state === 0 ? -1 : 0
  }, [state])
  useEffect(() => running ? keepLive(device.guid, (why) => { stop(); setEnded(why) }) : undefined, [running])

  const start = async (takeOver = false) => {
    const xterm = screen.current?.xterm
    if (!xterm) return
    stop()
    setEnded(undefined)
    setError(undefined)
    setWaiting(false)
    try {
      const mine = turn.current
      const connection = await redirector('sol', device.guid, device.ports)
      const terminal = new AmtTerminal()
      const data = new TerminalDataProcessor(terminal)
      const filter = new Filter()
      connection.onProcessData = data.processData.bind(data)
      connection.onNewState = terminal.StateChange.bind(terminal)
      connection.onStateChanged = (_: unknown, next: number) => { if (turn.current === mine) setState(next) }
      terminal.onSend = connection.send.bind(connection)
      data.processDataToXterm = (text: string) => {
        const harmless = filter.take(text)
        log.current = (log.current + harmless).slice(-LOG)
        xterm.write(harmless)
      }
      data.clearTerminal = () => xterm.reset()
      keys.current = (text) => terminal.TermSendKeys(text)
      const typing = xterm.onData((text) => terminal.TermSendKeys(text))
      source.current = connection
      begin(connection, takeOver)
      onClosed(connection, (reason, halted) => {
        typing.dispose()
        if (turn.current !== mine) return
        if (halted) return void start()
        setState(0)
        setEnded(reason)
      })
      xterm.focus()
    } catch (reason) {
      setError(asApiError(reason))
    }
  }
  /** Nothing was begun: the start button is where the text will be. */
  const idle = ended === undefined && state === 0 && !error
  const type = (text: string) => {
    keys.current?.(text)
    screen.current?.xterm.focus()
  }
  return (
    <section className="screen">
      <div className="toolbar">
        {state === 0
          ? !idle && <button className="primary" onClick={() => void start()}>{t('terminal.connect')}</button>
          : <button className="danger" onClick={stop}>{t('screen.end')}</button>}
        <span role="status">{stale ? t('screen.stale') : t(`screen.state.${Math.min(state, LIVE)}` as Key)}</span>
        <select aria-label={t('terminal.keys')} value="" disabled={!running} onChange={(e) => type(e.target.value)}>
          <option value="" disabled>{t('terminal.keys')}</option>
          {Object.entries(FUNCTION_KEYS).map(([kind, all]) => (
            <optgroup key={kind} label={t(`terminal.keys.${kind}` as Key)}>
              {Object.entries(all).map(([name, text]) => <option key={name} value={text}>{name}</option>)}
            </optgroup>
          ))}
        </select>
        <View screen={screen} />
        <button onClick={() => void copy(screen.current?.xterm)}>{t('terminal.copy')}</button>
        <button onClick={() => download(`${device.name || device.guid}.log`, log.current)}>{t('terminal.download')}</button>
        <Find screen={screen} />
      </div>
      {error && <Failure error={error} retry={() => void start()} />}
      <Consent device={device} given={() => { if (!source.current) void start() }} />
      <Guests guid={device.guid} mode="sol" running={running} give={() => { stop(); setEnded(t('guests.given')) }} />
      <div className="stage">
        <div ref={place} className="terminal" aria-describedby="way-out" />
        {ended !== undefined && state === 0 && (
          <Ended
            guid={device.guid} mode="sol" reason={ended} start={(takeOver) => void start(takeOver)}
            waiting={waiting} wait={setWaiting}
          />
        )}
        {idle && (
          <div className="overlay">
            <p>{t('terminal.hint')}</p>
            <Allowed needs="redirect.sol" why>
              <button className="primary" onClick={() => void start()}>{t('terminal.connect')}</button>
            </Allowed>
          </div>
        )}
      </div>
      <p className="muted" id="way-out">{t('terminal.wayOut')}</p>
    </section>
  )
}

/** What is selected, or all that was said. */
async function copy(xterm: Xterm | undefined) {
  if (!xterm) return
  const selected = xterm.hasSelection()
  if (!selected) xterm.selectAll()
  const text = xterm.getSelection()
  if (!selected) xterm.clearSelection()
  try {
    await navigator.clipboard.writeText(text)
    toast(t(selected ? 'terminal.copied' : 'terminal.copiedAll'))
  } catch {
    toast(t('common.copyFailed', { text: text.slice(0, 200) }), 'problem')
  }
}

type Holder = React.RefObject<Screen | null>

function Find({ screen }: { screen: Holder }) {
  const [words, setWords] = useState('')
  const find = (back: boolean) => {
    const found = back ? screen.current?.search.findPrevious(words) : screen.current?.search.findNext(words)
    if (words && !found) toast(t('terminal.notFound', { words }))
  }
  return (
    <span className="actions">
      <input
        type="search" aria-label={t('common.search')} placeholder={t('common.search')} value={words}
        onChange={(e) => setWords(e.target.value)} onKeyDown={(e) => { if (e.key === 'Enter') find(e.shiftKey) }}
      />
      <button aria-label={t('terminal.previous')} title={t('terminal.previous')} onClick={() => find(true)}>↑</button>
      <button aria-label={t('terminal.next')} title={t('terminal.next')} onClick={() => find(false)}>↓</button>
    </span>
  )
}

/** How many letters fit, and how large they are. */
function View({ screen }: { screen: Holder }) {
  const [size, setSize] = useState<string>('fit')
  const [font, setFont] = useState(14)
  useEffect(() => {
    const apply = () => {
      const here = screen.current
      if (!here) return
      here.xterm.options.fontSize = font
      const [columns, rows] = size.split('×').map(Number)
      if (columns && rows) here.xterm.resize(columns, rows)
      else here.fit.fit()
    }
    apply()
    addEventListener('resize', apply)
    return () => removeEventListener('resize', apply)
  }, [size, font])
  return (
    <>
      <select aria-label={t('terminal.size')} value={size} onChange={(e) => setSize(e.target.value)}>
        <option value="fit">{t('terminal.fit')}</option>
        {SIZES.map((one) => <option key={one}>{one}</option>)}
      </select>
      <select aria-label={t('terminal.font')} value={font} onChange={(e) => setFont(Number(e.target.value))}>
        {FONTS.map((one) => <option key={one} value={one}>{one} px</option>)}
      </select>
    </>
  )
}
