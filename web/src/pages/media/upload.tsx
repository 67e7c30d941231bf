// Bringing an image into the library, and going on with one that stopped.

import { useEffect, useRef, useState, type FormEvent } from 'react'
import { ApiError, get, type MediaImage } from '../../api'
import { duration, size, t } from '../../i18n'
import { Await, Failure, quoted, Shells, toast, useFilled } from '../../parts'
import { useLoad } from '../../state'
import { begun, pause, upload, useUploads, type UploadState } from '../../uploads'

interface Limits {
  imageBytes: number
  imagesMax: number
  images: number
  room: number
  nameMax: number
}

/** Why the library would not take this file, as far as the server has said. */
function refusal(file: File, limits: Limits | undefined, unfinished: MediaImage | undefined): ApiError | undefined {
  if (!limits) return undefined
  const no = (title: string) => new ApiError(413, { title })
  if (file.size > limits.imageBytes) return no(t('media.tooLarge', { size: size(file.size), most: size(limits.imageBytes) }))
  if (unfinished) return undefined
  if (limits.images >= limits.imagesMax) return no(t('media.full', { most: limits.imagesMax }))
  if (file.size > limits.room) return no(t('media.noRoom', { size: size(file.size), room: size(limits.room) }))
  return undefined
}

export function Upload({ images, done }: { images: MediaImage[]; done: () => void }) {
  const { now, error, done: whole } = useUploads()
  const limits = useLoad(() => get<Limits>('/media/limits'), [])
  const [refused, setRefused] = useState<ApiError>()
  const unfinished = images.filter((one) => !one.complete)
  const told = useRef(whole)
  useEffect(() => {
    if (whole && whole !== told.current) toast(t('media.uploaded', { name: whole }))
    told.current = whole
  }, [whole])
  useEffect(() => {
    done()
    limits.reload()
  }, [now === undefined])

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    const file = data.get('file')
    if (!(file instanceof File) || file.size === 0) return
    const old = unfinished.find((one) => one.name === file.name && one.size === file.size)
    const sha256 = String(data.get('sha256')).trim()
    const no = refusal(file, limits.data, old)
    setRefused(no)
    if (no) return limits.reload()
    if (await upload(file, old && !sha256 ? () => Promise.resolve(old) : begun(file, sha256))) form.reset()
  }
  const filled = useFilled()
  const [chosen, sha256] = [filled.file('file'), filled.text('sha256')]
  const [name, bytes] = [chosen?.name ?? 'boot.iso', chosen?.size ?? 0]
  return (
    <section>
      <h2>{t('media.upload')}</h2>
      <form className="inline" {...filled.watch} onSubmit={(event) => void submit(event)}>
        <label>{t('media.file')}<input type="file" name="file" accept=".iso,.img" required disabled={!!now} /></label>
        <label>{t('media.expected')}<input name="sha256" pattern="[0-9A-Fa-f]{64}" disabled={!!now} /></label>
        {now
          ? <button type="button" onClick={pause}>{t('media.stop')}</button>
          : <button className="primary">{t('media.begin')}</button>}
        <Shells
          cli={`viaduct media upload ${quoted(name)}${sha256 ? ` --sha256 ${quoted(sha256)}` : ''}`}
          method="POST" path="/media" body={{ name, size: bytes, ...(sha256 ? { sha256 } : {}) }}
        />
      </form>
      <Await of={limits}>
        {(l) => <p className="muted">{t('media.limits', { most: size(Math.min(l.imageBytes, l.room)), images: l.images, all: l.imagesMax })}</p>}
      </Await>
      {now && <Progress state={now} />}
      {refused && !now && <Failure error={refused} />}
      {error && <Failure error={error} />}
      {!now && unfinished.length > 0 && (
        <div className="notice">
          <p><strong>{t('media.unfinished')}</strong> {t('media.unfinishedHint')}</p>
          <ul className="plain">{unfinished.map((one) => <Unfinished key={one.id} image={one} />)}</ul>
        </div>
      )}
    </section>
  )
}

function Progress({ state: { image, speed, phase } }: { state: UploadState }) {
  const left = speed > 0 ? t('media.left', { time: duration((image.size - image.offset) / speed) }) : ''
  const words = [t('media.sent', { sent: size(image.offset), size: size(image.size) }), speed > 0 && `${size(speed)}/s`, left]
  return (
    <div data-upload={phase}>
      <progress aria-label={image.name} max={image.size} value={image.offset} />
      <p>{image.name}: {words.filter(Boolean).join(', ')}</p>
      <p role="status">{phase === 'waiting' ? t('media.waiting') : phase === 'hashing' ? t('media.checking') : ''}</p>
    </div>
  )
}

/** One that stopped goes on with the same file, and with no other. */
function Unfinished({ image }: { image: MediaImage }) {
  const input = useRef<HTMLInputElement>(null)
  const goOn = (file: File | undefined) => {
    if (!file) return
    if (file.size !== image.size) {
      toast(t('media.otherFile', { name: image.name, size: size(image.size) }), 'problem')
      return
    }
    void upload(file, () => get<MediaImage>(`/media/${image.id}`))
  }
  return (
    <li className="actions">
      <span>{image.name}: {t('media.partial', { offset: size(image.offset), size: size(image.size) })}</span>
      <input ref={input} type="file" accept=".iso,.img" hidden onChange={(event) => goOn(event.target.files?.[0])} />
      <button className="small" aria-label={t('media.goOnOf', { name: image.name })} onClick={() => input.current?.click()}>{t('media.goOn')}</button>
    </li>
  )
}
