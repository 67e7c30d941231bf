// What happened to one device since the server started.

import { useMemo } from 'react'
import { get } from '../../api'
import { t } from '../../i18n'
import { Await, Empty, Table, Time, useQuery, type Column } from '../../parts'
import { useLoad } from '../../state'

export interface Happened {
  id: number
  type: string
  time: string
  text: string
}

/** Events that are shown, the latest. */
const SHOWN = 1000

export function History({ guid }: { guid: string }) {
  const events = useLoad(() => get<Happened[]>(`/events?device=${guid}&limit=${SHOWN}`), [guid])
  const [query, change] = useQuery()
  const kind = query.get('kind') ?? ''
  const kinds = useMemo(() => [...new Set((events.data ?? []).map((one) => one.type))].sort(), [events.data])
  const columns: Column<Happened>[] = [
    { key: 'time', title: t('history.when'), sort: (one) => one.id, cell: (one) => <Time at={one.time} /> },
    { key: 'type', title: t('history.filter'), wide: true, sort: (one) => one.type, cell: (one) => <code>{one.type}</code> },
    { key: 'text', title: t('history.what'), cell: (one) => one.text }
  ]
  return (
    <Await of={events}>
      {(all) => all.length === 0 ? <Empty title={t('history.empty')} /> : (
        <>
          <p className="filters">
            <label>
              {t('history.filter')}{' '}
              <select value={kind} onChange={(e) => change({ kind: e.target.value })}>
                <option value="">{t('history.all')}</option>
                {kinds.map((one) => <option key={one} value={one}>{one}</option>)}
              </select>
            </label>
          </p>
          <Table
            label={t('device.history')} rows={all.filter((one) => !kind || one.type === kind)} columns={columns}
            id={(one) => String(one.id)} order="-time"
          />
        </>
      )}
    </Await>
  )
}
