// All devices: search, filters in the address, and power for many at once.

import { useMemo, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { get, type Device } from '../api'
import { t } from '../i18n'
import { Await, Heading, StateMark, Time } from '../parts'
import { Bulk } from '../parts/bulk'
import { useLoad } from '../state'

/** Rows drawn at once; the browser need not lay out ten thousand. */
const PAGE = 200

export default function Devices() {
  const devices = useLoad(() => get<Device[]>('/devices?$top=100000'), [], 30_000)
  return (
    <>
      <Heading title={t('nav.devices')} />
      <Await of={devices}>{(list) => (list.length === 0 ? <Empty /> : <List devices={list} />)}</Await>
    </>
  )
}

function Empty() {
  return <div className="empty"><p>{t('devices.empty')}</p><p className="muted">{t('devices.emptyHint')}</p></div>
}

function haystack(d: Device): string {
  return [d.name, d.guid, d.fqdn, d.hostname, d.friendlyName, d.address, ...d.tags].join(' ').toLowerCase()
}

const byName = new Intl.Collator(undefined, { numeric: true })
const COLUMNS = ['name', 'state', 'firmware', 'address', 'labels', 'seen'] as const
type Column = (typeof COLUMNS)[number]

function sortKey(d: Device, column: Column): string {
  switch (column) {
    case 'name': return d.name || d.guid
    case 'state': return d.blocked ? '2' : d.connectionStatus ? '0' : '1'
    case 'firmware': return String(d.deviceInfo?.['fwVersion'] ?? '')
    case 'address': return d.address ?? ''
    case 'labels': return d.tags.join(' ')
    case 'seen': return d.lastSeen ?? ''
  }
}

function List({ devices }: { devices: Device[] }) {
  const [query, setQuery] = useSearchParams()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const search = query.get('q') ?? ''
  const status = query.get('status') ?? ''
  const sort = (query.get('sort') ?? 'name') as Column
  const page = Number(query.get('page') ?? 0)
  const set = (name: string, value: string) =>
    setQuery((old) => {
      const next = new URLSearchParams(old)
      if (value) next.set(name, value)
      else next.delete(name)
      if (name !== 'page') next.delete('page')
      return next
    }, { replace: true })

  const indexed = useMemo(() => devices.map((d) => ({ d, text: haystack(d) })), [devices])
  const found = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean)
    return indexed
      .filter(({ d, text }) =>
        (status === '' || d.connectionStatus === (status === '1')) && words.every((word) => text.includes(word)))
      .map(({ d }) => ({ d, key: sortKey(d, sort) }))
      .sort((a, b) => byName.compare(a.key, b.key))
      .map(({ d }) => d)
  }, [indexed, search, status, sort])

  const toggle = (guid: string) => {
    const next = new Set(chosen)
    if (!next.delete(guid)) next.add(guid)
    setChosen(next)
  }
  const shown = found.slice(page * PAGE, (page + 1) * PAGE)
  return (
    <>
      <div className="filters" role="search">
        <input
          type="search" aria-label={t('common.search')} placeholder={t('common.search')} defaultValue={search}
          onChange={(e) => set('q', e.target.value)}
        />
        <select aria-label={t('devices.state')} value={status} onChange={(e) => set('status', e.target.value)}>
          <option value="">{t('devices.filter.all')}</option>
          <option value="1">{t('state.connected')}</option>
          <option value="0">{t('state.away')}</option>
        </select>
        <span className="muted" aria-live="polite">
          {t('devices.count', { shown: found.length, all: devices.length })}
        </span>
      </div>
      {chosen.size > 0 && (
        <Bulk devices={devices.filter((d) => chosen.has(d.guid))} clear={() => setChosen(new Set())} />
      )}
      {found.length === 0 ? <p className="muted">{t('devices.nothing')}</p> : (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th className="tick">
                  <input
                    type="checkbox" aria-label={t('devices.filter.all')}
                    checked={found.every((d) => chosen.has(d.guid))}
                    onChange={(e) => setChosen(new Set(e.target.checked ? found.map((d) => d.guid) : []))}
                  />
                </th>
                {COLUMNS.map((column) => (
                  <th key={column} aria-sort={sort === column ? 'ascending' : undefined}>
                    <button className="plainbutton" onClick={() => set('sort', column)}>{t(`devices.${column}`)}</button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((d) => <Row key={d.guid} device={d} chosen={chosen.has(d.guid)} toggle={toggle} />)}
            </tbody>
          </table>
        </div>
      )}
      {found.length > PAGE && <Pages page={page} pages={Math.ceil(found.length / PAGE)} go={(n) => set('page', String(n))} />}
    </>
  )
}

function Row({ device: d, chosen, toggle }: { device: Device; chosen: boolean; toggle: (guid: string) => void }) {
  return (
    <tr>
      <td className="tick">
        <input type="checkbox" aria-label={d.name || d.guid} checked={chosen} onChange={() => toggle(d.guid)} />
      </td>
      <td><Link href={`/devices/${d.guid}`}>{d.name || d.guid}</Link></td>
      <td><StateMark connected={d.connectionStatus} blocked={d.blocked} /></td>
      <td>{String(d.deviceInfo?.['fwVersion'] ?? '')}</td>
      <td>{d.address}</td>
      <td>{d.tags.map((tag) => <span className="tag" key={tag}>{tag}</span>)}</td>
      <td><Time at={d.lastSeen} /></td>
    </tr>
  )
}

function Pages({ page, pages, go }: { page: number; pages: number; go: (page: number) => void }) {
  return (
    <p className="pages">
      <button disabled={page === 0} onClick={() => go(page - 1)} aria-label="←">←</button>
      <span>{page + 1} / {pages}</span>
      <button disabled={page >= pages - 1} onClick={() => go(page + 1)} aria-label="→">→</button>
    </p>
  )
}
