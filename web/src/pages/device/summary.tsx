// What is known of a device.

import { remove, type Device } from '../../api'
import { size, t } from '../../i18n'
import { Allowed, Copy, Facts, Failure, quoted, Shells, Time, useAction } from '../../parts'
import { Availability } from '../../parts/availability'
import { NOTICES } from '../devices/columns'
import { Why } from './why'

export function Summary({ device: d }: { device: Device }) {
  return (
    <div className="columns">
      <section>
        <h2>{t('device.summary')}</h2>
        <Notices device={d} />
        <Facts
          rows={[
            [t('device.guid'), <code key="g">{d.guid}</code>],
            ['FQDN', d.fqdn ?? d.hostname],
            [t('devices.address'), d.address],
            [t('devices.labels'), d.tags.length ? d.tags.map((tag) => <span className="tag" key={tag}>{tag}</span>) : t('common.none')],
            [t('devices.firmware'), String(d.deviceInfo?.['fwVersion'] ?? '–')],
            [t('device.ports'), [...d.ports].sort((a, b) => a - b).join(', ') || '–'],
            [t('device.amtPassword'), d.hasAmtPassword ? t('common.yes') : t('common.no')],
            [t('devices.seen'), <Time key="t" at={d.lastSeen} />]
          ]}
        />
      </section>
      {d.connectionStatus ? <Tunnel device={d} /> : <Why device={d} />}
      {d.connectionStatus && <Allowed needs="proxy"><FromShell device={d} /></Allowed>}
      <Availability guid={d.guid} name={d.name || d.guid} />
    </div>
  )
}

function Notices({ device: { notices, conflict } }: { device: Device }) {
  // That the password is refused is said above, with the way to mend it.
  return notices.filter((notice) => notice !== 'credentials').map((notice) => {
    const known = NOTICES[notice]
    const twins = notice === 'identity' && conflict ? conflict.join(' · ') : ''
    return known && (
      <p key={notice} className="notice">
        <strong>{t(known.key)}</strong>: {t(known.hint)} {twins && <code>{twins}</code>}
      </p>
    )
  })
}

function Tunnel({ device: d }: { device: Device }) {
  const action = useAction()
  const end = () => action.run(() => remove(`/devices/disconnect/${d.guid}`), t('device.reconnecting'))
  if (!d.tunnel) return null
  return (
    <section>
      <h2>{t('inspector.tunnel')}</h2>
      <Facts
        rows={[
          [t('device.since'), <Time key="s" at={d.tunnel.since} />],
          [t('device.tls'), d.tunnel.tls],
          [t('overview.channels'), d.tunnel.channels],
          [t('overview.traffic'), `${size(d.tunnel.bytes.fromDevice)} / ${size(d.tunnel.bytes.toDevice)}`]
        ]}
      />
      {action.error && <Failure error={action.error} />}
      <p className="actions">
        <Allowed needs="tunnels.disconnect">
          <button disabled={action.busy} onClick={() => void end()} title={t('device.reconnectHint')}>{t('device.reconnect')}</button>
          <Shells cli={`viaduct devices reconnect ${quoted(d.name || d.guid)}`} method="DELETE" path={`/devices/disconnect/${d.guid}`} />
        </Allowed>
      </p>
    </section>
  )
}

/** What leads to the PC from a terminal. */
function FromShell({ device: d }: { device: Device }) {
  const name = quoted(d.name || d.guid)
  const port = d.ports.includes(16992) || !d.ports.includes(16993) ? 16992 : 16993
  const lines = [
    [t('device.shellForward'), `viaduct forward ${name}:${port}`],
    [t('device.shellProxy'), `viaduct proxy env ${name}`]
  ] as const
  return (
    <section>
      <h2>{t('device.shell')}</h2>
      {lines.map(([about, line]) => (
        <p key={line} className="shells" data-cli={line}><span className="muted">{about}:</span> <code>{line}</code> <Copy text={line} /></p>
      ))}
    </section>
  )
}
