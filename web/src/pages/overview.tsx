// The fleet at a glance.

import { Link } from 'wouter'
import { get, type Device, type Status } from '../api'
import { size, t } from '../i18n'
import { Await, Heading, Time } from '../parts'
import { useEvents, useLoad } from '../state'

const DAY = 86_400_000

export default function Overview() {
  const status = useLoad(() => get<Status>('/status'), [], 15_000)
  return (
    <>
      <Heading title={t('nav.overview')} />
      <Await of={status}>
        {(s) => (
          <>
            <Tiles status={s} />
            <div className="columns">
              <Attention status={s} />
              <Certificates status={s} />
              <Away />
              <Recent />
            </div>
          </>
        )}
      </Await>
    </>
  )
}

function Tiles({ status: { counts } }: { status: Status }) {
  const tiles: [string, string, string][] = [
    [String(counts.devices), t('overview.known'), '/devices'],
    [String(counts.connected), t('overview.connected'), '/devices?status=1'],
    [String(counts.devices - counts.connected), t('overview.away'), '/devices?status=0'],
    [String(counts.unclaimed), t('overview.unclaimed'), '/unclaimed'],
    [String(counts.channels), t('overview.channels'), '/redirections'],
    [`${size(counts.bytes.fromDevice)} / ${size(counts.bytes.toDevice)}`, t('overview.traffic'), '/devices']
  ]
  return (
    <ul className="tiles">
      {tiles.map(([figure, about, href]) => (
        <li key={about}><Link href={href}><b>{figure}</b><span>{about}</span></Link></li>
      ))}
    </ul>
  )
}

function Attention({ status }: { status: Status }) {
  return (
    <section>
      <h2>{t('overview.attention')}</h2>
      {status.attention.length === 0 && <p className="muted">{t('overview.allwell')}</p>}
      <ul className="plain">
        {status.attention.map((point) => (
          <li key={point.code + point.detail}>
            <p><code>{point.code}</code> {point.detail}</p>
            <p className="muted">→ {point.next}</p>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Certificates({ status }: { status: Status }) {
  const now = new Date(status.now).getTime()
  const rows = status.certificates
    .filter((c) => c.notAfter)
    .map((c) => ({ ...c, days: Math.floor((new Date(c.notAfter as string).getTime() - now) / DAY) }))
    .sort((a, b) => a.days - b.days)
  return (
    <section>
      <h2>{t('overview.certificates')}</h2>
      <ul className="plain">
        {rows.map((c) => (
          <li key={c.listener + c.subject + c.keyBits} className={c.days < 30 ? 'warn' : undefined}>
            {t('overview.ends', { listener: c.listener, subject: `${c.subject} (${c.keyBits} bit)`, days: c.days })}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Away() {
  const away = useLoad(() => get<Device[]>('/devices?status=0&$top=10'), [])
  return (
    <section>
      <h2>{t('overview.notback')}</h2>
      <Await of={away}>
        {(devices) => (
          <ul className="plain">
            {devices.length === 0 && <li className="muted">{t('common.none')}</li>}
            {devices.map((d) => (
              <li key={d.guid}>
                <Link href={`/devices/${d.guid}`}>{d.name || d.guid}</Link>{' '}
                <span className="muted"><Time at={d.lastSeen ?? d.lastDisconnected} /> {d.lastEnd?.reason}</span>
              </li>
            ))}
          </ul>
        )}
      </Await>
    </section>
  )
}

function Recent() {
  const events = useEvents()
  return (
    <section>
      <h2>{t('overview.recent')}</h2>
      {events.length === 0 && <p className="muted">{t('overview.quiet')}</p>}
      <ul className="plain" aria-live="polite">
        {events.slice(0, 12).map((event, at) => (
          <li key={String(event.id ?? at)}>
            <span className="muted"><Time at={event.time} /></span> {event.name ?? event.device ?? event.guid}{' '}
            {event.message ?? event.type}
          </li>
        ))}
      </ul>
    </section>
  )
}
