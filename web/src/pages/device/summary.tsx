// What is known of a device, and why it is away.

import { useState } from 'react'
import { get, remove, type ApiError, type Device, type WhyOffline } from '../../api'
import { size, t } from '../../i18n'
import { Await, Facts, Failure, quoted, Shells, Time } from '../../parts'
import { useLoad } from '../../state'

export function Summary({ device: d }: { device: Device }) {
  return (
    <div className="columns">
      <section>
        <h2>{t('device.summary')}</h2>
        <Facts
          rows={[
            [t('device.guid'), <code key="g">{d.guid}</code>],
            ['FQDN', d.fqdn ?? d.hostname],
            [t('devices.address'), d.address],
            [t('devices.labels'), d.tags.length ? d.tags.map((tag) => <span className="tag" key={tag}>{tag}</span>) : t('common.none')],
            [t('devices.firmware'), String(d.deviceInfo?.['fwVersion'] ?? '–')],
            [t('device.ports'), d.ports.join(', ')],
            [t('device.amtPassword'), d.hasAmtPassword ? t('common.yes') : t('common.no')],
            [t('devices.seen'), <Time key="t" at={d.lastSeen} />]
          ]}
        />
      </section>
      {d.connectionStatus ? <Tunnel device={d} /> : <Why device={d} />}
    </div>
  )
}

function Tunnel({ device: d }: { device: Device }) {
  const [error, setError] = useState<ApiError>()
  const end = () =>
    remove(`/devices/disconnect/${d.guid}`).then(() => setError(undefined), (reason: unknown) => setError(reason as ApiError))
  if (!d.tunnel) return null
  return (
    <section>
      <h2>{t('state.connected')}</h2>
      <Facts
        rows={[
          [t('device.since'), <Time key="s" at={d.tunnel.since} />],
          [t('device.tls'), d.tunnel.tls],
          [t('overview.channels'), d.tunnel.channels],
          [t('overview.traffic'), `${size(d.tunnel.bytes.fromDevice)} / ${size(d.tunnel.bytes.toDevice)}`]
        ]}
      />
      {error && <Failure error={error} />}
      <p className="actions">
        <button onClick={() => void end()} title={t('device.reconnectHint')}>{t('device.reconnect')}</button>
        <Shells cli={`viaduct devices reconnect ${quoted(d.name || d.guid)}`} method="DELETE" path={`/devices/disconnect/${d.guid}`} />
      </p>
    </section>
  )
}

const MARKS: Record<string, string> = { good: '✓', bad: '✗' }

function Why({ device: d }: { device: Device }) {
  const why = useLoad(() => get<WhyOffline>(`/devices/${d.guid}/why-offline`), [d.guid])
  return (
    <section>
      <h2>{t('device.why')}</h2>
      <Await of={why}>
        {(w) => (
          <>
            <p>{w.summary}</p>
            <ul className="plain">
              {w.checks.map((c) => (
                <li key={c.text}><span aria-hidden="true">{MARKS[c.seen] ?? '·'}</span> <b>{c.about}</b>: {c.text}</li>
              ))}
            </ul>
            <h3>{t('device.likely')}</h3>
            <p>{w.likely}</p>
            <h3>{t('device.next')}</h3>
            <ol>{w.next.map((step) => <li key={step}>{step}</li>)}</ol>
          </>
        )}
      </Await>
      {d.lastEnd && <p className="muted">{t('device.lastEnd')}: {d.lastEnd.reason}. {d.lastEnd.detail}</p>}
    </section>
  )
}
