// What happened to one device since the server started.

import { useMemo } from 'react'
import { get } from '../../api'
import { t } from '../../i18n'
import { eventType, happened } from '../../i18n/happened'
import { Await, Empty, Table, Time, useQuery, type Column } from '../../parts'
import { useLoad, type Happening } from '../../state'

export interface Happened extends Happening {
  id: number
  type: string
  time: string
  text: string
}

/** Events that are shown, the latest. */
const SHOWN = 1000
/** Choice of everything; without a choice, what comes by the hundred from pages that are open is left out. */
const ALL = 'all'

/** Counts of what was left out belong to it too. */
const isChatter = ({ type, code, reason }: Happened) =>
  type.startsWith('channel.') || (type === 'command.ended' && !code) || (type === 'events.coalesced' && /channel|command/.test(String(reason)))

export function History({ guid }: { guid: string }) {
  const events = useLoad(() => get<Happened[]>(`/events?device=${guid}&limit=${SHOWN}`), [guid])
  const [query, change] = useQuery()
  const kind = query.get('kind') ?? ''
  const kinds = useMemo(() => [...new Set((events.data ?? []).map((one) => one.type))].sort(), [events.data])
  const columns: Column<Happened>[] = [
    { key: 'time', title: t('history.when'), sort: (one) => one.id, cell: (one) => <Time at={one.time} /> },
    { key: 'type', title: t('history.filter'), wide: true, sort: (one) => one.type, cell: (one) => <span title={one.type}>{eventType(one.type)}</span> },
    { key: 'text', title: t('history.what'), cell: happened }
  ]
  const shown = useMemo(
    () => (events.data ?? []).filter((one) => (kind ? kind === ALL || one.type === kind : !isChatter(one))), [events.data, kind]
  )
  return (
    <Await of={events}>
      {(all) => all.length === 0 ? <Empty title={t('history.empty')} /> : (
        <>
          <p className="filters">
            <label>
              {t('history.filter')}{' '}
              <select value={kind} onChange={(e) => change({ kind: e.target.value })}>
                <option value="">{t('history.some')}</option>
                <option value={ALL}>{t('history.all')}</option>
                {kinds.map((one) => <option key={one} value={one}>{eventType(one)}</option>)}
              </select>
            </label>
          </p>
          <Table
            label={t('device.history')} rows={shown} columns={columns}
            id={(one) => String(one.id)} order="-time"
          />
          {!kind && shown.length < all.length && <p className="muted">{t('history.hidden', { n: all.length - shown.length })}</p>}
        </>
      )}
    </Await>
  )
}
