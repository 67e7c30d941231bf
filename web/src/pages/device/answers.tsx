// Tabs that show what the device answers: inventory, logs, network, remote access.

import type { ReactNode } from 'react'
import { get } from '../../api'
import { t } from '../../i18n'
import { Await, Facts, Time } from '../../parts'
import { useLoad } from '../../state'

type Fields = Record<string, unknown>

/** Values as people read them; lists and objects are folded open. */
export function Value({ value }: { value: unknown }): ReactNode {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'boolean') return value ? t('common.yes') : t('common.no')
  if (Array.isArray(value)) {
    if (value.every((v) => typeof v !== 'object')) return value.join(', ') || t('common.none')
    return <ol>{value.map((v, at) => <li key={at}><Value value={v} /></li>)}</ol>
  }
  if (typeof value === 'object') {
    return <Facts rows={Object.entries(value as Fields).map(([name, v]) => [name, <Value key={name} value={v} />])} />
  }
  return String(value)
}

function Answer({ path, empty, children }: { path: string; empty?: string; children?: (data: unknown) => ReactNode }) {
  const answer = useLoad(() => get<unknown>(path), [path])
  return (
    <Await of={answer}>
      {(data) =>
        data === null || (Array.isArray(data) && data.length === 0)
          ? <p className="muted">{empty ?? t('common.none')}</p>
          : children ? children(data) : <Value value={data} />}
    </Await>
  )
}

interface HardwareClass {
  response?: Fields
  responses?: unknown
}

export function Inventory({ guid }: { guid: string }) {
  return (
    <Answer path={`/amt/hardwareInfo/${guid}`}>
      {(data) => (
        <div className="columns">
          {Object.entries(data as Record<string, HardwareClass>).map(([name, { response, responses }]) => (
            <section key={name}>
              <h2>{name.replace(/^CIM_/, '')}</h2>
              <Value value={response && Object.keys(response).length ? response : responses} />
            </section>
          ))}
        </div>
      )}
    </Answer>
  )
}

interface EventRecord {
  TimeStamp?: number
  Time?: string
  Desc?: string
  EntityStr?: string
  EventSeverity?: number | string
}

function recordTime(record: EventRecord): string | null {
  if (record.Time) return record.Time
  return record.TimeStamp ? new Date(record.TimeStamp * 1000).toISOString() : null
}

export function EventLog({ guid }: { guid: string }) {
  return (
    <Answer path={`/amt/log/event/${guid}`} empty={t('eventlog.empty')}>
      {(data) => (
        <div className="scroll">
          <table>
            <tbody>
              {(Array.isArray(data) ? (data as EventRecord[]) : ((data as { records: EventRecord[] }).records)).map((r, at) => (
                <tr key={at}><td><Time at={recordTime(r)} /></td><td>{r.EntityStr}</td><td>{r.Desc}</td></tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Answer>
  )
}

interface AuditRecord {
  Time?: string
  AuditApp?: string
  Event?: string
  Initiator?: string
  ExStr?: string
}

export function AuditLog({ guid }: { guid: string }) {
  return (
    <Answer path={`/amt/log/audit/${guid}?startIndex=1`} empty={t('eventlog.empty')}>
      {(data) => (
        <div className="scroll">
          <table>
            <tbody>
              {((data as { records?: AuditRecord[] }).records ?? []).map((r, at) => (
                <tr key={at}>
                  <td><Time at={r.Time} /></td><td>{r.AuditApp}</td><td>{r.Event}</td><td>{r.Initiator}</td><td>{r.ExStr}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Answer>
  )
}

export const Network = ({ guid }: { guid: string }) => <Answer path={`/amt/networkSettings/${guid}`} />
export const RemoteAccess = ({ guid }: { guid: string }) => <Answer path={`/remote-access/${guid}`} />
