// One device: its state and power always at hand, everything else in tabs.

import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react'
import { Link } from 'wouter'
import { get, type Device } from '../../api'
import { t, type Key } from '../../i18n'
import { Allowed, Await, Empty, Failure, Heading, Loading, StateMark } from '../../parts'
import { useLoad } from '../../state'
import { Certificates } from './certificates'
import { Credentials } from './credentials'
import { FeaturesTab } from './features'
import { History } from './history'
import { Inspector } from './inspector'
import { Inventory } from './inventory'
import { AuditLog, EventLog } from './logs'
import { DeviceMedia } from './media'
import { Network } from './network'
import { PowerBar } from './power'
import { RemoteAccess } from './remote'
import { Edit } from '../devices/edit'
import { Summary } from './summary'
import { WsMan } from './wsman'

const Screen = lazy(() => import('./screen'))
const Terminal = lazy(() => import('./terminal'))

interface Tab {
  key: Key
  needsTunnel: boolean
  /** Stays when the tunnel goes, because it says what became of the session in it. */
  stays?: boolean
  show: (device: Device) => ReactNode
}

const TABS: Record<string, Tab> = {
  summary: { key: 'device.summary', needsTunnel: false, show: (d) => <Summary device={d} /> },
  screen: { key: 'device.screen', needsTunnel: true, stays: true, show: (d) => <Screen device={d} /> },
  terminal: { key: 'device.terminal', needsTunnel: true, stays: true, show: (d) => <Terminal device={d} /> },
  media: { key: 'device.media', needsTunnel: false, show: (d) => <DeviceMedia device={d} /> },
  inventory: { key: 'device.inventory', needsTunnel: true, show: (d) => <Inventory guid={d.guid} /> },
  eventlog: { key: 'device.eventlog', needsTunnel: true, show: (d) => <EventLog guid={d.guid} /> },
  auditlog: { key: 'device.auditlog', needsTunnel: true, show: (d) => <AuditLog guid={d.guid} /> },
  remote: { key: 'device.remote', needsTunnel: true, show: (d) => <RemoteAccess device={d} /> },
  features: { key: 'device.features', needsTunnel: true, show: (d) => <FeaturesTab device={d} /> },
  network: { key: 'device.network', needsTunnel: true, show: (d) => <Network guid={d.guid} /> },
  certificates: { key: 'device.certificates', needsTunnel: true, show: (d) => <Certificates guid={d.guid} /> },
  wsman: { key: 'device.wsman', needsTunnel: true, show: (d) => <Allowed needs="wsman.read" why><WsMan device={d} /></Allowed> },
  inspector: { key: 'device.inspector', needsTunnel: true, show: (d) => <Inspector device={d} /> },
  history: { key: 'device.history', needsTunnel: false, show: (d) => <History guid={d.guid} /> }
}

/** On a narrow screen the tabs are one line that scrolls. */
function intoSight(tab: HTMLElement | null) {
  const row = tab?.closest('ul')
  if (tab && row && row.scrollWidth > row.clientWidth) row.scrollLeft = tab.offsetLeft - row.offsetLeft - 40
}

export default function DevicePage({ guid, tab }: { guid: string; tab: string }) {
  const device = useLoad(() => get<Device>(`/devices/${guid}`), [guid], 10_000)
  const [editing, setEditing] = useState(false)
  const current = Object.hasOwn(TABS, tab) ? TABS[tab] : undefined
  // The tab that was seen with a tunnel.
  const [seen, setSeen] = useState('')
  const place = `${guid}/${tab}`
  const connected = device.data?.connectionStatus ?? false
  useEffect(() => { if (connected) setSeen(place) }, [connected, place])
  const kept = (current?.stays ?? false) && seen === place
  if (device.error && device.data === undefined) {
    return (
      <>
        <Heading title={t('device.title')} />
        <Failure error={device.error} retry={device.reload} />
        <p><Link className="button" href="/devices">{t('nav.devices')}</Link></p>
      </>
    )
  }
  return (
    <Await of={device}>
      {(d) => (
        <>
          <Heading title={d.name || d.guid}>
            <StateMark connected={d.connectionStatus} blocked={d.blocked} />
            <PowerBar device={d} />
            <Allowed needs="devices.change"><button onClick={() => setEditing(true)}>{t('devices.edit')}</button></Allowed>
          </Heading>
          <Credentials device={d} reload={device.reload} />
          <ul className="tabs">
            {Object.entries(TABS).map(([name, { key }]) => (
              <li key={name}>
                <Link
                  href={`/devices/${guid}/${name}`} aria-current={name === tab ? 'page' : undefined}
                  ref={name === tab ? intoSight : undefined}
                >
                  {t(key)}
                </Link>
              </li>
            ))}
          </ul>
          <Suspense fallback={<Loading />}>
            {!current && (
              <Empty title={t('device.noTab', { tab })} hint={t('app.noPageHint')}>
                <Link className="button primary" href={`/devices/${guid}`}>{t('device.summary')}</Link>
              </Empty>
            )}
            {current?.needsTunnel && !d.connectionStatus && !kept && (
              <Empty title={t('device.away')} hint={t('device.awayTab')}>
                <Link className="button primary" href={`/devices/${guid}`}>{t('device.why')}</Link>
              </Empty>
            )}
            {!d.connectionStatus && kept && (
              <p className="notice">{t('device.away')} <Link href={`/devices/${guid}`}>{t('device.why')}</Link></p>
            )}
            {current && (!current.needsTunnel || d.connectionStatus || kept) && current.show(d)}
          </Suspense>
          {editing && <Edit device={d} close={() => { setEditing(false); device.reload() }} />}
        </>
      )}
    </Await>
  )
}
