// The two logs that the firmware keeps.

import { t } from '../../i18n'
import { Empty, Time } from '../../parts'
import { Answer } from './answers'

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
    <Answer<EventRecord[] | { records: EventRecord[] }> path={`/amt/log/event/${guid}`} empty={t('eventlog.empty')}>
      {(data) => {
        const records = Array.isArray(data) ? data : data.records
        return (
          <Log label={t('device.eventlog')} heads={[t('log.time'), t('log.from'), t('log.event')]} empty={records.length === 0}>
            {records.map((r, at) => (
              <tr key={at}><td><Time at={recordTime(r)} /></td><td>{r.EntityStr}</td><td lang="en">{r.Desc}</td></tr>
            ))}
          </Log>
        )
      }}
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
    <Answer<{ records?: AuditRecord[] }> path={`/amt/log/audit/${guid}?startIndex=1`} empty={t('eventlog.empty')}>
      {({ records = [] }) => {
        const details = records.some((r) => r.ExStr)
        return (
          <Log
            label={t('device.auditlog')} empty={records.length === 0}
            heads={[t('log.time'), t('log.area'), t('log.event'), t('log.by'), ...(details ? [t('log.more')] : [])]}
          >
            {records.map((r, at) => (
              <tr key={at}>
                <td><Time at={r.Time} /></td><td lang="en">{r.AuditApp}</td><td lang="en">{r.Event}</td><td>{r.Initiator}</td>
                {details && <td>{r.ExStr}</td>}
              </tr>
            ))}
          </Log>
        )
      }}
    </Answer>
  )
}

function Log({ label, heads, empty, children }: { label: string; heads: string[]; empty: boolean; children: React.ReactNode }) {
  if (empty) return <Empty title={t('eventlog.empty')} />
  return (
    <>
      <div className="scroll" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead><tr>{heads.map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
          <tbody>{children}</tbody>
        </table>
      </div>
      <p className="muted">{t('log.language')}</p>
    </>
  )
}
