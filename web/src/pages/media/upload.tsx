// An upload that goes on where it stopped: after a lost connection by itself, after a closed page when the same file is
// chosen again.

import { useRef, useState, type FormEvent } from 'react'
import { append, ApiError, get, post, type MediaImage } from '../../api'
import { size, t } from '../../i18n'
import { asApiError, Failure, Shells, toast } from '../../parts'

/** Sent at once; so much is lost when the connection breaks. */
const PIECE = 4 << 20
/** Tries to go on after the connection broke, with growing pauses in milliseconds. */
const PAUSES = [500, 1_000, 2_000, 4_000, 8_000]

export function Upload({ done }: { done: () => void }) {
  const [running, setRunning] = useState<MediaImage>()
  const [error, setError] = useState<ApiError>()
  const stopped = useRef(false)

  const send = async (file: File, sha256: string) => {
    stopped.current = false
    setError(undefined)
    let image = await post<MediaImage>('/media', { name: file.name, size: file.size, ...(sha256 && { sha256 }) })
    let pause = 0
    while (!image.complete && !stopped.current) {
      setRunning(image)
      try {
        image = await append<MediaImage>(`/media/${image.id}`, image.offset, file.slice(image.offset, image.offset + PIECE))
        pause = 0
      } catch (reason) {
        const broken = reason instanceof ApiError && (reason.status === 0 || reason.problem.code === 'E2201')
        const wait = PAUSES[pause++]
        if (!broken || wait === undefined) throw reason
        await new Promise((after) => setTimeout(after, wait))
        // Where it stands is for the server to say.
        image = await get<MediaImage>(`/media/${image.id}`).catch(() => image)
      }
    }
    if (image.complete) toast(t('media.uploaded', { name: image.name }))
  }
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    const file = data.get('file')
    if (!(file instanceof File) || file.size === 0) return
    try {
      await send(file, String(data.get('sha256')).trim())
      if (!stopped.current) form.reset()
    } catch (reason) {
      setError(asApiError(reason))
    }
    setRunning(undefined)
    done()
  }
  return (
    <section>
      <h2>{t('media.upload')}</h2>
      <form className="inline" onSubmit={(event) => void submit(event)}>
        <label>{t('media.file')}<input type="file" name="file" accept=".iso,.img" required disabled={!!running} /></label>
        <label>{t('media.expected')}<input name="sha256" pattern="[0-9A-Fa-f]{64}" disabled={!!running} /></label>
        {running
          ? <button type="button" onClick={() => { stopped.current = true }}>{t('media.stop')}</button>
          : <button className="primary">{t('media.begin')}</button>}
        <Shells method="POST" path="/media" body={{ name: 'boot.iso', size: 0 }} />
      </form>
      {running && (
        <div role="status">
          <progress aria-label={running.name} max={running.size} value={running.offset} />
          {running.offset + PIECE >= running.size && running.size > 64 * PIECE
            ? t('media.checking')
            : t('media.sent', { sent: size(running.offset), size: size(running.size) })}
        </div>
      )}
      {error && <Failure error={error} />}
    </section>
  )
}
