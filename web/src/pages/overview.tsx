// The fleet at a glance, live.

import { lazy, Suspense } from 'react'
import { Link } from 'wouter'
import { get, type Device, type Status } from '../api'
import { exactly, size, t, when } from '../i18n'
import { happened, wordOf } from '../i18n/happened'
import { problemWords } from '../i18n/problems'
import { Allowed, Await, Empty, Heading, Loading, Shells, Time } from '../parts'
import { keyName, listenerName } from '../parts/certificate'
import { seesAll, useMe } from '../session'
import { useLoad, type Happening } from '../state'

const Charts = lazy(() => import('./charts'))

const DAY = 86_400_000
/** Devices of a list on this page; the rest is a link away. */
const SHOWN = 10

export default function Overview() {
  const me = useMe()
  const status = useLoad(() => get<Status>('/status'), [], 15_000)
  return (
    <>
      <Heading title={t('nav.overview')}>
        <Shells cli="viaduct status" method="GET" path="/status" />
      </Heading>
      <Await of={status}>
        {(s) => (
          <>
            <Tiles status={s} />
            {s.counts.devices === 0 && (
              <Empty title={t('devices.empty')} hint={t('devices.emptyHint')}>
                <Allowed needs="devices.change"><Link className="button primary" href="/add">{t('nav.add')}</Link></Allowed>
              </Empty>
            )}
            {seesAll(me) && <Suspense fallback={<Loading />}><Charts /></Suspense>}
            <div className="columns">
              <Attention status={s} />
              <NotBack />
              <Alarms />
              <Certificates status={s} />
            </div>
            <div className="below">
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
    [String(counts.connected), t('overview.connected'), '/devices?status=connected'],
    [String(counts.devices - counts.connected), t('overview.away'), '/devices?status=away'],
    [String(counts.unclaimed), t('overview.unclaimed'), '/unclaimed'],
    [String(counts.channels), t('overview.channels'), '/redirections'],
    [`${size(counts.bytes.fromDevice)} / ${size(counts.bytes.toDevice)}`, t('overview.traffic'), '/devices']
  ]
  return (
    <ul className="tiles" aria-live="off">
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
      {status.attention.length === 0 && <p className="good">✓ {t('overview.allwell')}</p>}
      <ul className="plain">
        {status.attention.map((point) => (
          <li key={point.code + point.detail}>
            <p><code>{point.code}</code> {problemWords(point.code)?.title} {point.detail}</p>
            <p className="muted">→ {problemWords(point.code)?.next ?? point.next}</p>
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
          <li key={c.listener + c.sha256} className={c.days < 30 ? 'warn' : undefined}>
            {c.days < 30 && '⚠ '}<span title={exactly(c.notAfter)}>{t('overview.ends', { listener: listenerName(c.listener), subject: c.subject, key: keyName(c), when: when(c.notAfter) })}</span>
          </li>
        ))}
      </ul>
      <p><Link href="/settings">{t('nav.settings')}</Link></p>
    </section>
  )
}

/** Had its tunnel when the server (or the way to it) stopped, and has not come again. */
function NotBack() {
  const away = useLoad(() => get<Device[]>('/devices?status=0&sort=-lastSeen&$top=1000'), [])
  return (
    <section>
      <h2>{t('overview.notback')}</h2>
      <Await of={away}>
        {(devices) => {
          const lost = devices.filter((d) => d.notices.includes('not-back'))
          const list = lost.length > 0 ? lost : devices
          return (
            <>
              <p className={lost.length ? 'warn' : 'muted'}>
                {lost.length ? t('overview.notbackCount', { n: lost.length }) : t(devices.length ? 'overview.allback' : 'overview.allhere')}
              </p>
              <ul className="plain">
                {list.slice(0, SHOWN).map((d) => (
                  <li key={d.guid}>
                    <Link href={`/devices/${d.guid}`}>{d.name || d.guid}</Link>{' '}
                    <span className="muted"><Time at={d.lastSeen ?? d.lastDisconnected} /> {d.lastEnd && wordOf('end', d.lastEnd.reason)}</span>{' '}
                    <Link href={`/devices/${d.guid}`}>{t('device.why')}</Link>
                  </li>
                ))}
              </ul>
              {list.length > SHOWN && <p><Link href={lost.length ? '/devices?notice=not-back' : '/devices?status=away&sort=-seen'}>{t('overview.all', { n: list.length })}</Link></p>}
            </>
          )
        }}
      </Await>
    </section>
  )
}

function EventList({ events }: { events: Happening[] }) {
  return (
    <ul className="plain">
      {events.map((event, at) => (
        <li key={String(event.id ?? at)}>
          <span className="muted"><Time at={event.time} /></span>{' '}
          {event.guid && <Link href={`/devices/${event.guid}`}>{event.name ?? event.guid}</Link>}{' '}
          {happened(event)}
        </li>
      ))}
    </ul>
  )
}

const latest = (events: Happening[]) => [...events].reverse().slice(0, SHOWN)

function Alarms() {
  const list = useLoad(() => get<Happening[]>('/events?type=device.alert,device.conflict,certificates.changed,certificates.refused'), [])
  return (
    <section>
      <h2>{t('overview.alarms')}</h2>
      <Await of={list}>
        {(events) => (events.length === 0 ? <p className="muted">{t('overview.noalarms')}</p> : <EventList events={latest(events)} />)}
      </Await>
    </section>
  )
}

function Recent() {
  const list = useLoad(() => get<Happening[]>('/events?type=tunnel,redirection,device,connection&limit=200'), [])
  return (
    <section>
      <h2>{t('overview.recent')}</h2>
      <Await of={list}>
        {(events) => (events.length === 0 ? <p className="muted">{t('overview.quiet')}</p> : <EventList events={latest(events)} />)}
      </Await>
    </section>
  )
}
