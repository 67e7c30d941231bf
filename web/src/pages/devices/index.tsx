// All devices: search, filters in the address, and deeds for one or many.

import { useEffect, useMemo, useState } from 'react'
import { Link } from 'wouter'
import type { Device } from '../../api'
import { t } from '../../i18n'
import { Await, csv, download, Empty, Heading, Shells, StateMark, Table, Time, useQuery, type Column } from '../../parts'
import { Bulk } from '../../parts/bulk'
import { Edit } from './edit'
import { filterOf, firmwareOf, fits, generationOf, index, statusOf } from './filter'
import { useFleet } from './fleet'

/** The address follows the typing so much later, for it is slow to change. */
const SETTLED = 250

export default function Devices() {
  const fleet = useFleet()
  return (
    <>
      <Heading title={t('nav.devices')}>
        <Link className="button primary" href="/add">{t('nav.add')}</Link>
        <Shells cli="viaduct devices ls" method="GET" path="/devices?$top=100000" />
      </Heading>
      <Await of={fleet}>
        {(devices) => devices.length === 0
          ? (
            <Empty title={t('devices.empty')} hint={t('devices.emptyHint')}>
              <Link className="button primary" href="/add">{t('nav.add')}</Link>
            </Empty>
          )
          : <List devices={devices} reload={fleet.reload} />}
      </Await>
    </>
  )
}

function List({ devices, reload }: { devices: Device[]; reload: () => void }) {
  const [query, change] = useQuery()
  const [search, setSearch] = useState(query.get('q') ?? '')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [editing, setEditing] = useState<Device>()
  useEffect(() => {
    const timer = setTimeout(() => { if ((query.get('q') ?? '') !== search) change({ q: search }) }, SETTLED)
    return () => clearTimeout(timer)
  }, [search])
  const filter = useMemo(() => {
    const asked = new URLSearchParams(query)
    asked.set('q', search)
    return filterOf(asked)
  }, [query, search])
  const indexed = useMemo(() => index(devices), [devices])
  const found = useMemo(() => indexed.filter((one) => fits(one, filter)).map((one) => one.device), [indexed, filter])
  const columns = useColumns(setEditing)
  const picked = useMemo(() => devices.filter((d) => chosen.has(d.guid)), [devices, chosen])
  return (
    <>
      <div className="filters" role="search">
        <input
          type="search" aria-label={t('devices.search')} placeholder={t('devices.search')} value={search}
          onChange={(e) => setSearch(e.target.value)}
        />
        <Choices devices={devices} status={filter.status} label={filter.label} generation={filter.generation} change={change} />
        <button onClick={() => exportCsv(found)}>{t('devices.csv')}</button>
        <span className="muted" role="status">{t('devices.count', { shown: found.length, all: devices.length })}</span>
      </div>
      {chosen.size > 0 && <Bulk devices={picked} clear={() => setChosen(new Set())} changed={reload} />}
      {found.length === 0
        ? (
          <Empty title={t('devices.nothing')}>
            <button onClick={() => { setSearch(''); change({ q: '', status: '', label: '', amt: '' }) }}>{t('devices.clear')}</button>
          </Empty>
        )
        : (
          <Table
            label={t('nav.devices')} rows={found} columns={columns} id={(d) => d.guid} order="name"
            chosen={chosen} choose={setChosen} nameOf={(d) => d.name || d.guid}
          />
        )}
      {editing && <Edit device={editing} close={() => { setEditing(undefined); reload() }} />}
    </>
  )
}

function useColumns(edit: (device: Device) => void): Column<Device>[] {
  return useMemo(() => [
    { key: 'name', title: t('devices.name'), sort: (d) => d.name || d.guid, cell: (d) => <Link href={`/devices/${d.guid}`}>{d.name || d.guid}</Link> },
    {
      key: 'state', title: t('devices.state'), sort: statusOf,
      cell: (d) => (
        <>
          <StateMark connected={d.connectionStatus} blocked={d.blocked} />{' '}
          {!d.connectionStatus && <Link className="why" href={`/devices/${d.guid}`} title={t('device.why')}>{t('devices.why')}</Link>}
        </>
      )
    },
    { key: 'firmware', title: t('devices.firmware'), wide: true, sort: firmwareOf, cell: (d) => firmwareOf(d) || '–' },
    { key: 'address', title: t('devices.address'), wide: true, sort: (d) => d.address ?? '', cell: (d) => d.address ?? '–' },
    {
      key: 'labels', title: t('devices.labels'), wide: true, sort: (d) => d.tags.join(' '),
      cell: (d) => d.tags.map((tag) => <span className="tag" key={tag}>{tag}</span>)
    },
    { key: 'seen', title: t('devices.seen'), wide: true, sort: (d) => d.lastSeen ?? '', cell: (d) => <Time at={d.lastSeen} /> },
    {
      key: 'edit', title: t('common.actions'),
      cell: (d) => <button className="small" onClick={() => edit(d)} aria-label={t('devices.editOf', { name: d.name || d.guid })}>{t('devices.edit')}</button>
    }
  ], [edit])
}

interface ChoicesProps {
  devices: Device[]
  status: string
  label: string
  generation: string
  change: (changes: Record<string, string>) => void
}

function Choices({ devices, status, label, generation, change }: ChoicesProps) {
  const labels = useMemo(() => [...new Set(devices.flatMap((d) => d.tags))].sort(), [devices])
  const generations = useMemo(
    () => [...new Set(devices.map(generationOf))].sort((a, b) => Number(a) - Number(b)),
    [devices]
  )
  return (
    <>
      <select aria-label={t('devices.state')} value={status} onChange={(e) => change({ status: e.target.value })}>
        <option value="">{t('devices.state')}: {t('common.all')}</option>
        {(['connected', 'away', 'blocked'] as const).map((name) => <option key={name} value={name}>{t(`state.${name}`)}</option>)}
      </select>
      {labels.length > 0 && (
        <select aria-label={t('devices.labels')} value={label} onChange={(e) => change({ label: e.target.value })}>
          <option value="">{t('devices.labels')}: {t('common.all')}</option>
          {labels.map((name) => <option key={name}>{name}</option>)}
        </select>
      )}
      {generations.some(Boolean) && (
        <select aria-label={t('devices.generation')} value={generation} onChange={(e) => change({ amt: e.target.value })}>
          <option value="">{t('devices.generation')}: {t('common.all')}</option>
          {generations.map((name) => <option key={name} value={name || '?'}>{name ? `AMT ${name}` : t('power.unknown')}</option>)}
        </select>
      )}
    </>
  )
}

function exportCsv(devices: Device[]) {
  const head = ['name', 'guid', 'state', 'fqdn', 'address', 'firmware', 'labels', 'lastSeen']
  const rows = devices.map((d) => [d.name, d.guid, statusOf(d), d.fqdn, d.address, firmwareOf(d), d.tags.join(' '), d.lastSeen])
  download('devices.csv', csv([head, ...rows]), 'text/csv')
}
