// Images in the drives of PCs: put in, boot from it, how far it is, take out.

import { useEffect, useState, type FormEvent } from 'react'
import { get, post, remove, type Device, type MediaImage, type Mount } from '../../api'
import { duration, size, t } from '../../i18n'
import { Allowed, Await, Dialog, Failure, quoted, Shells, Time, useAction, useFilled } from '../../parts'
import { sendPower } from '../../power'
import { useMay, useMe } from '../../session'
import { useLoad } from '../../state'
import { estimate } from './link'

/** Reset, then from the CD that is redirected. */
const BOOT = { key: 'media.boot', cli: 'boot ider --power reset', action: 202, harsh: true } as const
/** How often progress is looked at while something is in a drive; begin and end are events. */
const POLL = 1_000

export function MountForm({ images, device, mounted }: { images: MediaImage[]; device?: Device; mounted?: () => void }) {
  const action = useAction()
  const [chosen, setChosen] = useState('')
  const complete = images.filter((one) => one.complete)
  const devices = useLoad(() => device ? Promise.resolve([device]) : get<Device[]>('/devices?status=1'), [device?.guid])
  const here = (devices.data ?? []).filter((one) => one.connectionStatus)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const image = complete.find((one) => one.id === data.get('media'))
    const wish = { device: device?.guid ?? data.get('device'), media: data.get('media'), now: data.get('now') === 'on' }
    if (await action.run(() => post('/mounts', wish), t('media.mounted', { name: image?.name ?? '' }))) mounted?.()
  }
  const named = complete.find((one) => one.id === chosen) ?? complete[0]
  const { watch, text, ticked } = useFilled()
  const target = device ?? here.find((one) => one.guid === text('device'))
  const now = ticked('now')
  if (!named) return null
  return (
    <form className="inline" {...watch} onSubmit={(event) => void submit(event)}>
      <label>
        {t('media.image')}
        <select name="media" required value={chosen} onChange={(e) => setChosen(e.target.value)}>
          <option value="" disabled>{t('media.choose')}</option>
          {complete.map((one) => <option key={one.id} value={one.id}>{one.name} ({size(one.size)})</option>)}
        </select>
      </label>
      {!device && (
        <label>
          {t('media.device')}
          <select name="device" required defaultValue="">
            <option value="" disabled>{t('media.choose')}</option>
            {here.map((one) => <option key={one.guid} value={one.guid}>{one.name || one.guid}</option>)}
          </select>
        </label>
      )}
      <label className="tickbox"><input type="checkbox" name="now" /> {t('media.now')}</label>
      <button className="primary" disabled={action.busy}>{t('media.mount')}</button>
      <Shells
        cli={`viaduct ider mount ${target ? quoted(target.name || target.guid) : 'DEVICE'} --from-library ${quoted(named.name)}${now ? ' --now' : ''}`}
        method="POST" path="/mounts" body={{ device: target?.guid ?? 'DEVICE', media: named.id, now }}
      />
      {action.error && <Failure error={action.error} />}
    </form>
  )
}

export function Mounts({ device }: { device?: Device }) {
  const [busy, setBusy] = useState(false)
  const mounts = useLoad(() => get<Mount[]>('/mounts'), [device?.guid], busy ? POLL : 0)
  const any = mounts.data?.some((one) => one.state !== 'ended') ?? false
  useEffect(() => setBusy(any), [any])
  return (
    <Await of={mounts}>
      {(all) => {
        const shown = device ? all.filter((one) => one.guid === device.guid) : all
        return shown.length === 0
          ? <p className="muted">{t('media.noMounts')}</p>
          : <ul className="cards">{shown.map((one) => <Card key={one.id} mount={one} changed={mounts.reload} />)}</ul>
      }}
    </Await>
  )
}

const STATES = { offered: 'media.offered', reading: 'media.reading', ended: 'media.over' } as const

function Card({ mount: m, changed }: { mount: Mount; changed: () => void }) {
  const [asked, setAsked] = useState(false)
  const action = useAction()
  const name = m.name ?? m.guid
  const may = useMay()
  const own = useMe()?.name === m.user
  /** What is in use by others ends only by those who may end tunnels. */
  const ends = may('redirect.ider') && (own || may('tunnels.disconnect'))
  const eject = () => action.run(() => remove(`/mounts/${m.id}`), t('media.ejected')).then(changed)
  const boot = async () => {
    setAsked(false)
    await action.run(() => sendPower(BOOT, m.guid), t('media.booted', { name }))
    changed()
  }
  const left = m.secondsLeft === null ? '' : m.secondsLeft === 0 ? t('media.done') : t('media.left', { time: duration(m.secondsLeft) })
  return (
    <li className={`mount ${m.state}`} data-state={m.state} data-last-block={m.lastBlock ?? ''}>
      <p><strong>{m.mediaName}</strong> → {name} <span className="tag">{t(STATES[m.state])}</span> {m.user}, <Time at={m.since} /></p>
      <progress aria-label={m.mediaName} max={m.size} value={Math.min(m.bytesRead, m.size)} />
      <p className="muted">
        {t('media.progress', {
          read: size(m.bytesRead), size: size(m.size), block: m.lastBlock ?? '–', blocks: Math.max(m.blocks - 1, 0), speed: m.blocksPerSecond
        })}
        {m.state === 'reading' && left && `, ${left}`}
      </p>
      {m.state !== 'ended' && <Way mount={m} />}
      {m.state === 'ended' && <p className={m.code ? 'warn' : 'muted'}>{t('media.ended', { reason: m.reason ?? '' })} {m.code && <code>{m.code}</code>}</p>}
      {action.error && <Failure error={action.error} />}
      {m.state !== 'ended' && (
        <p className="actions">
          <Allowed needs="boot"><button className="primary" disabled={action.busy} onClick={() => setAsked(true)}>{t('media.boot')}</button></Allowed>
          {ends && <button disabled={action.busy} onClick={() => void eject()}>{t('media.eject')}</button>}
          {ends && <Shells cli={`viaduct ider eject ${quoted(name)}`} method="DELETE" path={`/mounts/${m.id}`} />}
        </p>
      )}
      {asked && (
        <Dialog title={t('media.boot')} close={() => setAsked(false)}>
          <p className="warn">{t('media.bootConfirm', { name })}</p>
          <p className="actions">
            <button className="danger" onClick={() => void boot()}>{t('media.boot')}</button>
            <button onClick={() => setAsked(false)}>{t('common.cancel')}</button>
            <Shells
              cli={`viaduct boot ider ${quoted(name)} --power reset`} method="POST" path={`/amt/power/bootOptions/${m.guid}`}
              body={{ action: BOOT.action, useSOL: false }}
            />
          </p>
        </Dialog>
      )}
    </li>
  )
}

/** What the link to the PC is like, and what that means for this image. */
function Way({ mount: m }: { mount: Mount }) {
  const { milliseconds, seconds, small, isSlow } = estimate(m)
  return (
    <>
      {milliseconds !== undefined && <p className="muted">{t('media.way', { ms: milliseconds < 1 ? '< 1' : Math.round(milliseconds) })}</p>}
      {isSlow && <p className="warn" role="note">⚠ {t('media.slow', { time: duration(seconds ?? 0), small: duration(Math.max(small ?? 0, 1)) })}{' '}<code>scripts/netboot-image</code></p>}
      {!m.bootable && <p className="warn">{t('media.noBoot')}</p>}
    </>
  )
}
