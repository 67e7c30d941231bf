// The screen that somebody else has, as their page shows it.

import { useEffect, useRef, useState } from 'react'
import { fileOf, post } from '../api'
import { t } from '../i18n'
import { asApiError } from './action'
import { inWords } from './states'

/** Between two looks, in milliseconds. */
const PACE = 500
/** Without a picture for so long, in milliseconds, none comes: their console is no page of this dashboard. */
const PATIENCE = 6_000

export function Watching({ id, user }: { id: number; user: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [state, setState] = useState<'begun' | 'seen' | 'none'>('begun')
  const [over, setOver] = useState('')
  useEffect(() => {
    let here = true
    const look = async () => {
      await post(`/redirections/${id}/watch`)
      const begun = Date.now()
      for (let seen = false; here; await new Promise((again) => setTimeout(again, PACE))) {
        const picture = await fileOf(`/redirections/${id}/picture`)
        if (!here) return
        if (picture) {
          await draw(picture, canvas.current)
          seen = true
        }
        setState(seen ? 'seen' : Date.now() - begun > PATIENCE ? 'none' : 'begun')
      }
    }
    look().catch((reason: unknown) => { if (here) setOver(inWords(asApiError(reason))) })
    return () => { here = false }
  }, [id])
  return (
    <>
      <canvas ref={canvas} className="watched" hidden={state !== 'seen'} aria-label={t('device.screen')} />
      <p role="status">{over || t(`watch.${state}`, { user })}</p>
    </>
  )
}

async function draw(picture: Blob, canvas: HTMLCanvasElement | null) {
  const image = await createImageBitmap(picture)
  if (!canvas) return
  canvas.width = image.width
  canvas.height = image.height
  canvas.getContext('2d')?.drawImage(image, 0, 0)
}
