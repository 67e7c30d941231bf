// The columns of the list, and which of them are shown: as the address says, otherwise as last chosen in this browser.

import { useEffect, useMemo, useState } from 'react'
import { Link } from 'wouter'
import { get, type Device } from '../../api'
import { size, t, type Key } from '../../i18n'
import { StateMark, Time, type Column } from '../../parts'
import { SmallBar } from '../../parts/availability'
import { Menu } from '../../parts/menu'
import { firmwareOf, statusOf } from './filter'

export interface DeviceColumn extends Column<Device> {
  /** Cannot be left out. */
  always?: boolean
  /** Shown only when somebody asks for it. */
  extra?: boolean
}

const STORED = 'viaduct.devices.columns'
const EVERY = 300_000

interface Deeds {
  /** Nothing for whoever may not change any. */
  edit: ((device: Device) => void) | undefined
  /** Shows those with this notice only. */
  filter: (notice: string) => void
}

export function useColumns({ edit, filter }: Deeds, hours: ReadonlyMap<string, string>): DeviceColumn[] {
  return useMemo(() => [
    { key: 'name', title: t('devices.name'), always: true, sort: (d) => d.name || d.guid, cell: (d) => <Link href={`/devices/${d.guid}`}>{d.name || d.guid}</Link> },
    {
      key: 'state', title: t('devices.state'), always: true, sort: statusOf,
      cell: (d) => (
        <>
          <StateMark connected={d.connectionStatus} blocked={d.blocked} />{' '}
          {!d.connectionStatus && <Link className="why" href={`/devices/${d.guid}`} title={t('device.why')}>{t('devices.why')}</Link>}
        </>
      )
    },
    {
      key: 'notices', title: t('devices.notices'), sort: (d) => -d.notices.length,
      cell: (d) => d.notices.map((notice) => <Badge key={notice} notice={notice} filter={filter} />)
    },
    { key: 'hours', title: t('devices.hours'), wide: true, extra: true, sort: (d) => here(hours.get(d.guid)), cell: (d) => <SmallBar hours={hours.get(d.guid) ?? ''} /> },
    { key: 'firmware', title: t('devices.firmware'), wide: true, sort: firmwareOf, cell: (d) => firmwareOf(d) || '–' },
    { key: 'address', title: t('devices.address'), wide: true, sort: (d) => d.address ?? '', cell: (d) => d.address ?? '–' },
    {
      key: 'labels', title: t('devices.labels'), wide: true, sort: (d) => d.tags.join(' '),
      cell: (d) => d.tags.map((tag) => <span className="tag" key={tag}>{tag}</span>)
    },
    { key: 'seen', title: t('devices.seen'), wide: true, sort: (d) => d.lastSeen ?? '', cell: (d) => <Time at={d.lastSeen} /> },
    { key: 'since', title: t('devices.since'), wide: true, extra: true, sort: (d) => d.tunnel?.since ?? '', cell: (d) => (d.tunnel ? <Time at={d.tunnel.since} /> : '–') },
    { key: 'fqdn', title: t('devices.fqdn'), wide: true, extra: true, sort: (d) => d.fqdn ?? d.hostname ?? '', cell: (d) => d.fqdn ?? d.hostname ?? '–' },
    { key: 'guid', title: t('device.guid'), wide: true, extra: true, sort: (d) => d.guid, cell: (d) => <code>{d.guid}</code> },
    { key: 'tls', title: t('device.tls'), wide: true, extra: true, sort: (d) => d.tunnel?.tls ?? '', cell: (d) => d.tunnel?.tls ?? '–' },
    { key: 'ports', title: t('device.ports'), wide: true, extra: true, cell: (d) => d.ports.join(', ') || '–' },
    {
      key: 'traffic', title: t('overview.traffic'), wide: true, extra: true, sort: (d) => (d.tunnel ? d.tunnel.bytes.fromDevice + d.tunnel.bytes.toDevice : -1),
      cell: (d) => (d.tunnel ? `${size(d.tunnel.bytes.fromDevice)} / ${size(d.tunnel.bytes.toDevice)}` : '–')
    },
    ...(edit ? [{
      key: 'edit', title: t('common.actions'), always: true, wide: true,
      cell: (d: Device) => <button className="small" onClick={() => edit(d)} aria-label={t('devices.editOf', { name: d.name || d.guid })}>{t('devices.edit')}</button>
    }] : [])
  ], [edit, filter, hours])
}

const here = (hours = '') => [...hours].filter((one) => one === 'c').length

/** What there is to know, in the order of how much it matters. */
export const NOTICES: Record<string, { key: Key; hint: Key }> = {
  identity: { key: 'notice.identity', hint: 'notice.identity.hint' },
  silent: { key: 'notice.silent', hint: 'notice.silent.hint' },
  credentials: { key: 'notice.credentials', hint: 'notice.credentials.hint' },
  certificate: { key: 'notice.certificate', hint: 'notice.certificate.hint' },
  'not-back': { key: 'notice.not-back', hint: 'notice.not-back.hint' },
  consent: { key: 'notice.consent', hint: 'notice.consent.hint' }
}

function Badge({ notice, filter }: { notice: string; filter: (notice: string) => void }) {
  const known = NOTICES[notice]
  if (!known) return null
  return <button className={`badge ${notice}`} title={t(known.hint)} onClick={() => filter(notice)}>{t(known.key)}</button>
}

/** Which optional columns are shown, and how to change that. */
export function useShown(query: URLSearchParams, change: (changes: Record<string, string>) => void, columns: DeviceColumn[]) {
  const usual = columns.filter((one) => !one.always && !one.extra).map((one) => one.key)
  const asked = query.get('columns') ?? localStorage.getItem(STORED)
  const shown = new Set(asked === null ? usual : asked.split(','))
  const toggle = (key: string) => {
    if (!shown.delete(key)) shown.add(key)
    const next = columns.filter((one) => shown.has(one.key)).map((one) => one.key).join(',')
    const plain = next === usual.join(',')
    if (plain) localStorage.removeItem(STORED)
    else localStorage.setItem(STORED, next)
    change({ columns: plain ? '' : next || '-' })
  }
  return { shown, toggle }
}

export function Chooser({ columns, shown, toggle }: { columns: DeviceColumn[]; shown: ReadonlySet<string>; toggle: (key: string) => void }) {
  return (
    <Menu title={t('devices.columns')}>
      {columns.filter((one) => !one.always).map((one) => (
        <label className="check" key={one.key}>
          <input type="checkbox" checked={shown.has(one.key)} onChange={() => toggle(one.key)} /> {one.title}
        </label>
      ))}
    </Menu>
  )
}

/** The last 24 hours of all, while somebody looks at them. */
export function useHours(wanted: boolean): ReadonlyMap<string, string> {
  const [hours, setHours] = useState<ReadonlyMap<string, string>>(new Map())
  useEffect(() => {
    if (!wanted) return
    const load = () =>
      get<{ guid: string; hours: string }[]>('/stats/availability').then(
        (all) => setHours(new Map(all.map((one) => [one.guid, one.hours]))),
        // The list is worth more than this column of it.
        () => {}
      )
    void load()
    const every = setInterval(() => void load(), EVERY)
    return () => clearInterval(every)
  }, [wanted])
  return hours
}
