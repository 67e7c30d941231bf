// Agreeing to a deed for many PCs by their number, and what became of it.

import { useRef, useState } from 'react'
import type { Device } from '../api'
import { t } from '../i18n'
import { asApiError } from './action'
import { Dialog } from './dialog'
import { csv, download } from './download'
import { quoted, Shells, type Request } from './shells'
import { inWords } from './states'

export interface Deed {
  title: string
  harsh: boolean
  /** The same for a shell: the words stand for the PCs, of which there are so many. */
  cli: (chosen: string[], n: number) => string
  /** What is asked of the server for one of them. */
  request: (device: Device) => Request
  run: (device: Device) => Promise<unknown>
}

/** Requests under way at once: enough to be quick, few enough to stop in time. */
const AT_ONCE = 6

/** So many are named in a command; a list in a file stands for more, which nobody could paste. */
const NAMED = 20

/** That file. */
const LIST = 'pcs.txt'

/** How often the page is drawn anew while answers come, in ms; there can be thousands a second. */
const DRAWN = 200

/** Failures that are listed in the page; a file has all. */
const LISTED = 100

interface Outcome {
  name: string
  guid: string
  /** Absent: done. */
  error?: string
}

interface Run {
  /** Undefined until it began; then what is known so far. */
  outcomes: Outcome[] | undefined
  busy: boolean
  stop: () => void
  start: () => Promise<void>
}

function useRun(deed: Deed, devices: Device[]): Run {
  const outcomes = useRef<Outcome[]>(undefined)
  const stopped = useRef(false)
  const [busy, setBusy] = useState(false)
  const [, draw] = useState(0)
  const start = async () => {
    const done: Outcome[] = []
    outcomes.current = done
    setBusy(true)
    const timer = setInterval(() => draw((n) => n + 1), DRAWN)
    const queue = devices.values()
    const worker = async () => {
      for (const device of queue) {
        const { guid } = device
        const name = device.name || guid
        await deed.run(device).then(
          () => done.push({ name, guid }),
          (error: unknown) => done.push({ name, guid, error: inWords(asApiError(error)) })
        )
        if (stopped.current) return
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    clearInterval(timer)
    setBusy(false)
  }
  return { outcomes: outcomes.current, busy, stop: () => { stopped.current = true }, start }
}

const nameOf = (device: Device) => device.name || device.guid

/** For a shell: the names, or a file with them that can be saved. */
function Command({ deed, devices }: { deed: Deed; devices: Device[] }) {
  const first = devices[0]
  if (!first) return null
  const listed = devices.length > NAMED
  const chosen = listed ? [`@${LIST}`] : devices.map((d) => quoted(nameOf(d)))
  return (
    <>
      <Shells cli={deed.cli(chosen, devices.length)} {...deed.request(first)} />
      {listed && (
        <button type="button" className="small" onClick={() => download(LIST, devices.map((d) => `${nameOf(d)}\n`).join(''), 'text/plain')}>
          {t('bulk.list', { file: LIST })}
        </button>
      )}
    </>
  )
}

export function Confirm({ deed, devices: given, close }: { deed: Deed; devices: Device[]; close: () => void }) {
  // What was agreed to is what is done, whatever changes in the list meanwhile.
  const [devices] = useState(given)
  const [typed, setTyped] = useState('')
  const { outcomes, busy, start, stop } = useRun(deed, devices)
  return (
    <Dialog title={deed.title} close={() => { if (!busy) close() }}>
      {outcomes ? <Outcomes title={deed.title} devices={devices} outcomes={outcomes} busy={busy} /> : (
        <>
          <p className="names">{devices.slice(0, 12).map(nameOf).join(', ')}{devices.length > 12 && ' …'}</p>
          <label>
            {t('devices.bulkConfirm', { n: devices.length })}{' '}
            <input inputMode="numeric" value={typed} onChange={(e) => setTyped(e.target.value)} autoFocus size={8} />
          </label>
          {deed.harsh && <p className="warn">⚠ {t('power.lost')}</p>}
        </>
      )}
      <p className="actions">
        {!outcomes && (
          <button className={deed.harsh ? 'danger' : 'primary'} disabled={typed.trim() !== String(devices.length)} onClick={() => void start()}>
            {deed.title}
          </button>
        )}
        {busy
          ? <button onClick={stop}>{t('bulk.stop')}</button>
          : <button onClick={close}>{t(outcomes ? 'common.close' : 'common.cancel')}</button>}
        <Command deed={deed} devices={devices} />
      </p>
    </Dialog>
  )
}

function Outcomes({ title, devices, outcomes, busy }: { title: string; devices: Device[]; outcomes: Outcome[]; busy: boolean }) {
  const failed = outcomes.filter((o) => o.error !== undefined)
  const more = failed.length - LISTED
  const save = () => {
    const known = new Map(outcomes.map((o) => [o.guid, o.error ?? t('bulk.done')]))
    const rows = devices.map((d) => [d.name, d.guid, known.get(d.guid) ?? t('bulk.notBegun')])
    download('viaduct-outcome.csv', csv([['name', 'guid', 'outcome'], ...rows]), 'text/csv')
  }
  return (
    <>
      <progress aria-label={title} max={devices.length} value={outcomes.length} />
      <p role="status">{t('devices.bulkDone', { ok: outcomes.length - failed.length, failed: failed.length })}</p>
      {!busy && outcomes.length < devices.length && <p className="warn">{t('bulk.left', { n: devices.length - outcomes.length })}</p>}
      <ul className="plain failures">
        {failed.slice(0, LISTED).map((o) => <li key={o.guid}>✗ {o.name}: {o.error}</li>)}
        {more > 0 && <li>{t('bulk.more', { n: more })}</li>}
      </ul>
      {!busy && <p><button onClick={save}>{t('bulk.save')}</button></p>}
    </>
  )
}
