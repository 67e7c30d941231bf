// The serial console of the device.

import { AmtTerminal, TerminalDataProcessor, type AMTRedirector } from '@device-management-toolkit/ui-toolkit/core'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Terminal as Xterm } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { useEffect, useRef, useState } from 'react'
import { ApiError, type Device } from '../../api'
import { t, type Key } from '../../i18n'
import { Failure } from '../../parts'
import { Consent } from '../../parts/consent'
import { onClosed, redirector } from '../../redirection'

/** Sequences that make a terminal answer, rename the window or reach the clipboard are not for a PC to send. */
// eslint-disable-next-line no-control-regex
const HARMFUL = /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b\[[>=?]?[0-9;]*[cn]|\x05/g

export default function Terminal({ device }: { device: Device }) {
  const place = useRef<HTMLDivElement>(null)
  const screen = useRef<{ xterm: Xterm; search: SearchAddon } | null>(null)
  const source = useRef<AMTRedirector | null>(null)
  const log = useRef('')
  const [state, setState] = useState(0)
  const [ended, setEnded] = useState<string>()
  const [error, setError] = useState<ApiError>()

  useEffect(() => {
    if (!place.current) return
    const xterm = new Xterm({ cursorBlink: true, scrollback: 5000, fontSize: 14 })
    const fit = new FitAddon()
    const search = new SearchAddon()
    xterm.loadAddon(fit)
    xterm.loadAddon(search)
    xterm.open(place.current)
    fit.fit()
    const resize = () => fit.fit()
    addEventListener('resize', resize)
    screen.current = { xterm, search }
    return () => {
      removeEventListener('resize', resize)
      source.current?.stop()
      xterm.dispose()
    }
  }, [])

  const start = async () => {
    const xterm = screen.current?.xterm
    if (!xterm) return
    setEnded(undefined)
    setError(undefined)
    try {
      const connection = await redirector('sol', device.guid, device.ports)
      const terminal = new AmtTerminal()
      const data = new TerminalDataProcessor(terminal)
      connection.onProcessData = data.processData.bind(data)
      connection.onNewState = terminal.StateChange.bind(terminal)
      connection.onStateChanged = (_: unknown, next: number) => setState(next)
      terminal.onSend = connection.send.bind(connection)
      data.processDataToXterm = (text: string) => {
        const harmless = text.replace(HARMFUL, '')
        log.current += harmless
        xterm.write(harmless)
      }
      data.clearTerminal = () => xterm.reset()
      const typing = xterm.onData((text) => terminal.TermSendKeys(text))
      source.current = connection
      connection.start(WebSocket)
      onClosed(connection, (reason) => {
        typing.dispose()
        setState(0)
        setEnded(reason)
      })
      xterm.focus()
    } catch (reason) {
      setError(reason instanceof ApiError ? reason : new ApiError(0, { title: String(reason) }))
    }
  }
  const download = () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([log.current], { type: 'text/plain' }))
    link.download = `${device.name || device.guid}.log`
    link.click()
    URL.revokeObjectURL(link.href)
  }
  return (
    <section className="screen">
      <div className="toolbar">
        {state === 0
          ? <button className="primary" onClick={() => void start()}>{t('terminal.connect')}</button>
          : <button className="danger" onClick={() => source.current?.stop()}>{t('screen.end')}</button>}
        <span role="status">{t(`screen.state.${Math.min(state, 3)}` as Key)}</span>
        <input
          type="search" aria-label={t('common.search')} placeholder={t('common.search')}
          onKeyDown={(e) => { if (e.key === 'Enter') screen.current?.search.findNext(e.currentTarget.value) }}
        />
        <button onClick={download}>{t('terminal.download')}</button>
      </div>
      {error && <Failure error={error} retry={() => void start()} />}
      {ended !== undefined && state === 0 && (
        <p role="alert" className="failure">{t('screen.ended', { reason: ended || t('screen.endedPlain') })}</p>
      )}
      <Consent guid={device.guid} />
      <div ref={place} className="terminal" />
    </section>
  )
}
