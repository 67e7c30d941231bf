// What is open here, wanted by others: somebody asks for it, or watches it. A PC compresses its picture for one console
// alone, so those who watch get pictures of what this page shows, as long as they do.

import { useEffect, useState } from 'react'
import { call, get, post } from '../api'
import { t } from '../i18n'
import type { Mode } from '../redirection'
import { onHappening } from '../state'
import { asApiError } from './action'
import { Shells } from './shells'
import { inWords } from './states'
import { toast } from './toast'

/** Between two pictures, in milliseconds. */
const PACE = 500
const KIND = 'image/jpeg'
const QUALITY = 0.7

interface Props {
  guid: string
  mode: Mode
  running: boolean
  /** Ends it here, so that whoever waits for it gets it. */
  give: () => void
  /** Where the picture is; a terminal has none that others could watch. */
  canvas?: React.RefObject<HTMLCanvasElement | null>
}

export function Guests({ guid, mode, running, give, canvas }: Props) {
  const [asking, setAsking] = useState<string>()
  const [held, setHeld] = useState<number>()
  const [turn, setTurn] = useState(0)
  const [watching, setWatching] = useState<string[]>([])
  useEffect(() => {
    if (!running) return
    const stop = onHappening((event) => {
      if (event?.guid !== guid || event['reason'] !== mode) return
      if (event.type === 'redirection.asked') {
        setAsking(String(event['user']))
        void ownOf(guid, mode).then((own) => setHeld(own?.id), () => {})
      }
      if (event.type === 'redirection.watched') setTurn((before) => before + 1)
    })
    return () => {
      stop()
      setAsking(undefined)
      setTurn(0)
    }
  }, [running, guid, mode])
  useEffect(() => {
    if (turn === 0) return
    const here = { still: true }
    void shown(guid, mode, canvas, here, setWatching).catch(() => {}).then(() => { if (here.still) setWatching([]) })
    return () => {
      here.still = false
      setWatching([])
    }
  }, [turn])
  return (
    <>
      {watching.length > 0 && <p className="notice" role="status">{t('guests.watching', { users: watching.join(', ') })}</p>}
      {asking && (
        <div className="notice" role="alert">
          <p><strong>{t('guests.asks', { user: asking })}</strong></p>
          <p className="actions">
            <button className="primary" onClick={() => { setAsking(undefined); give() }}>{t('guests.give', { user: asking })}</button>
            <button onClick={() => { setAsking(undefined); void keep(held) }} disabled={held === undefined}>{t('guests.keep')}</button>
            <Shells cli={`viaduct redirections keep ${held ?? 'ID'}`} method="POST" path={`/redirections/${held ?? 0}/keep`} />
          </p>
        </div>
      )}
    </>
  )
}

const ownOf = async (guid: string, mode: Mode) =>
  (await get<{ id: number; guid: string; mode: string }[]>('/redirections')).find((one) => one.guid === guid && one.mode === mode)

/** Whoever asked is told; that this fails changes nothing here. */
async function keep(id: number | undefined) {
  try {
    await post(`/redirections/${id}/keep`)
  } catch (reason) {
    toast(inWords(asApiError(reason)), 'problem')
  }
}

/** Sends pictures until nobody wants them any more. */
async function shown(
  guid: string, mode: Mode, canvas: Props['canvas'], here: { still: boolean }, tell: (names: string[]) => void
) {
  const own = await ownOf(guid, mode)
  while (own && here.still) {
    const picture = await new Promise<Blob | null>((done) => {
      if (canvas?.current) canvas.current.toBlob(done, KIND, QUALITY)
      else done(null)
    })
    if (!picture || !here.still) return
    const { names } = await call<{ names: string[] }>('PUT', `/redirections/${own.id}/picture`, picture)
    if (!here.still) return
    tell(names)
    if (names.length === 0) return
    await new Promise((again) => setTimeout(again, PACE))
  }
}
