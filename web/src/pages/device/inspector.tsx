// The tunnel of one device as it is now: what was agreed, who uses it, and the channels of late.

import { get, type Device, type Tunnel } from '../../api'
import { size, t } from '../../i18n'
import { happened, wordOf } from '../../i18n/happened'
import { Await, Facts, Time } from '../../parts'
import { useLoad } from '../../state'
import type { Happened } from './history'

const POLL = 2_000
/** Channels that are shown, the latest. */
const CHANNELS = 40

interface Use {
  id: number
  guid: string
  mode: string
  user: string
  since: string
  bytes: { fromDevice: number; toDevice: number }
}

function keepAlive({ intervalSeconds: interval, waitSeconds: wait }: NonNullable<Tunnel['keepalive']>): string {
  return wait > 0 ? t('inspector.keepaliveWords', { interval, wait }) : t('inspector.keepaliveOnly', { interval })
}

export function Inspector({ device }: { device: Device }) {
  const { guid } = device
  const tunnel = useLoad(() => get<Tunnel[]>('/tunnels').then((all) => all.find((one) => one.guid === guid) ?? null), [guid], POLL)
  const uses = useLoad(() => get<Use[]>('/redirections').then((all) => all.filter((one) => one.guid === guid)), [guid], POLL)
  const channels = useLoad(
    () => get<Happened[]>(`/events?device=${guid}&type=channel.opened,channel.ended&limit=${CHANNELS}`).then((all) => all.reverse()),
    [guid]
  )
  return (
    <div className="columns">
      <section>
        <h2>{t('inspector.tunnel')}</h2>
        <Await of={tunnel}>
          {(one) => one === null ? <p className="muted">{t('device.away')}</p> : (
            <Facts
              rows={[
                [t('inspector.number'), one.id],
                [t('inspector.from'), one.address],
                [t('device.since'), <Time key="s" at={one.since} />],
                [t('inspector.why'), wordOf('trigger', one.trigger)],
                [t('device.tls'), one.tls],
                [t('device.ports'), [...one.ports].sort((a, b) => a - b).join(', ')],
                [t('inspector.keepalive'), one.keepalive && keepAlive(one.keepalive)],
                [t('overview.channels'), one.channels],
                [t('overview.traffic'), `${size(one.bytes.fromDevice)} / ${size(one.bytes.toDevice)}`]
              ]}
            />
          )}
        </Await>
      </section>
      <section>
        <h2>{t('inspector.uses')}</h2>
        <Await of={uses}>
          {(all) => all.length === 0 ? <p className="muted">{t('inspector.idle')}</p> : (
            <ul className="plain">
              {all.map((one) => (
                <li key={one.id}>
                  <b>{wordOf('redirections.mode', one.mode)}</b> {one.user}, <Time at={one.since} />: {size(one.bytes.fromDevice)} / {size(one.bytes.toDevice)}
                </li>
              ))}
            </ul>
          )}
        </Await>
        <h2>{t('inspector.channels')}</h2>
        <Await of={channels}>
          {(all) => all.length === 0 ? <p className="muted">{t('inspector.noChannels')}</p> : (
            <ul className="plain">{all.map((one) => <li key={one.id}><Time at={one.time} /> {happened(one)}</li>)}</ul>
          )}
        </Await>
      </section>
    </div>
  )
}
