// All devices: search, filters in the address, and deeds for one or many.

import { useCallback, useEffect, useMemo, useState } from 'react'
import { Link } from 'wouter'
import type { Device } from '../../api'
import { locale, t } from '../../i18n'
import { Allowed, Await, csv, download, Empty, Heading, Shells, Table, useQuery } from '../../parts'
import { Bulk, BULK_RIGHTS } from '../../parts/bulk'
import { useMay } from '../../session'
import { Chooser, NOTICES, useColumns, useHours, useShown } from './columns'
import { Edit } from './edit'
import { filterOf, firmwareOf, fits, generationOf, index, statusOf } from './filter'
import { useFleet } from './fleet'
import { Views } from './views'

/** The address follows the typing so much later, for it is slow to change. */
const SETTLED = 250

export default function Devices() {
  const fleet = useFleet()
  return (
    <>
      <Heading title={t('nav.devices')}>
        <Allowed needs="devices.change"><Link className="button primary" href="/add">{t('nav.add')}</Link></Allowed>
        <Shells cli="viaduct devices ls" method="GET" path="/devices?$top=100000" />
      </Heading>
      <Await of={fleet}>
        {(devices) => devices.length === 0
          ? (
            <Empty title={t('devices.empty')} hint={t('devices.emptyHint')}>
              <Allowed needs="devices.change"><Link className="button primary" href="/add">{t('nav.add')}</Link></Allowed>
            </Empty>
          )
          : <List devices={devices} reload={fleet.reload} />}
      </Await>
    </>
  )
}

function List({ devices, reload }: { devices: Device[]; reload: () => void }) {
  const [query, change] = useQuery()
  const asked = query.get('q') ?? ''
  const [search, setSearch] = useState(asked)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [editing, setEditing] = useState<Device>()
  useEffect(() => {
    const timer = setTimeout(() => { if (asked !== search) change({ q: search }) }, SETTLED)
    return () => clearTimeout(timer)
  }, [search])
  // A view, or the way back.
  useEffect(() => setSearch(asked), [asked])
  const filter = useMemo(() => {
    const typed = new URLSearchParams(query)
    typed.set('q', search)
    return filterOf(typed)
  }, [query, search])
  const indexed = useMemo(() => index(devices), [devices])
  const found = useMemo(() => indexed.filter((one) => fits(one, filter)).map((one) => one.device), [indexed, filter])
  const showNotice = useCallback((notice: string) => change({ notice }), [])
  const [wantHours, setWantHours] = useState(false)
  const may = useMay()
  // To choose some is for doing something with them.
  const bulk = BULK_RIGHTS.some(may)
  const columns = useColumns({ edit: may('devices.change') ? setEditing : undefined, filter: showNotice }, useHours(wantHours))
  const { shown, toggle } = useShown(query, change, columns)
  useEffect(() => setWantHours(shown.has('hours')), [shown.has('hours')])
  const picked = useMemo(() => devices.filter((d) => chosen.has(d.guid)), [devices, chosen])
  return (
    <>
      <div className="filters" role="search">
        <input
          type="search" aria-label={t('devices.search')} placeholder={t('devices.search')} value={search}
          onChange={(e) => setSearch(e.target.value)}
        />
        <Choices devices={devices} {...filter} change={change} />
        <Views />
        <Chooser columns={columns} shown={shown} toggle={toggle} />
        <button onClick={() => exportCsv(found)}>{t('devices.csv')}</button>
        <span className="muted" role="status">{t('devices.count', { shown: found.length.toLocaleString(locale()), all: devices.length.toLocaleString(locale()) })}</span>
      </div>
      {chosen.size > 0 && <Bulk devices={picked} clear={() => setChosen(new Set())} changed={reload} />}
      {found.length === 0
        ? (
          <Empty title={t('devices.nothing')}>
            <button onClick={() => { setSearch(''); change({ q: '', status: '', label: '', amt: '', notice: '' }) }}>{t('devices.clear')}</button>
          </Empty>
        )
        : (
          <Table
            label={t('nav.devices')} rows={found} columns={columns.filter((one) => one.always || shown.has(one.key))} id={(d) => d.guid} order="name"
            {...(bulk && { chosen, choose: setChosen })} nameOf={(d) => d.name || d.guid}
          />
        )}
      {editing && <Edit device={editing} close={() => { setEditing(undefined); reload() }} />}
    </>
  )
}

interface ChoicesProps {
  devices: Device[]
  status: string
  label: string
  generation: string
  notice: string
  change: (changes: Record<string, string>) => void
}

function Choices({ devices, status, label, generation, notice, change }: ChoicesProps) {
  const labels = useMemo(() => [...new Set(devices.flatMap((d) => d.tags))].sort(), [devices])
  const notices = useMemo(() => new Set(devices.flatMap((d) => d.notices)), [devices])
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
      {(notices.size > 0 || notice) && (
        <select aria-label={t('devices.notices')} value={notice} onChange={(e) => change({ notice: e.target.value })}>
          <option value="">{t('devices.notices')}: {t('common.all')}</option>
          {Object.entries(NOTICES).map(([name, { key }]) => (notices.has(name) || name === notice) && <option key={name} value={name}>{t(key)}</option>)}
        </select>
      )}
    </>
  )
}

function exportCsv(devices: Device[]) {
  const head = ['name', 'guid', 'state', 'fqdn', 'address', 'firmware', 'labels', 'notices', 'lastSeen']
  const rows = devices.map((d) => [d.name, d.guid, statusOf(d), d.fqdn, d.address, firmwareOf(d), d.tags.join(' '), d.notices.join(' '), d.lastSeen])
  download('devices.csv', csv([head, ...rows]), 'text/csv')
}
