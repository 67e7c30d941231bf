// Who tried to dial in and did not come in, by address, with the cause; also those that never said who they are.

import { useState } from 'react'
import { Link } from 'wouter'
import { get, type FailedAttempt } from '../api'
import { isKey, t } from '../i18n'
import { cause } from '../i18n/said'
import { Await, Shells, Table, Time } from '../parts'
import { Theirs } from '../parts/theirs'
import { useLoad } from '../state'

const stageName = (stage: string) => {
  const key = `attempts.stage.${stage}`
  return isKey(key) ? t(key) : stage
}

export function Attempts() {
  const [sought, seek] = useState('')
  const list = useLoad(() => get<FailedAttempt[]>('/attempts'), [], 15_000)
  const fits = ({ address, guid, name }: FailedAttempt) => [address, guid, name].some((one) => one?.includes(sought.trim()))
  return (
    <section>
      <h2>{t('attempts.title')}</h2>
      <p className="muted">{t('attempts.about')} <Shells cli="viaduct devices attempts" method="GET" path="/attempts" /></p>
      <Await of={list}>
        {(all) => all.length === 0 ? <p className="good">✓ {t('attempts.none')}</p> : (
          <>
            <p className="filters"><label>{t('attempts.seek')} <input type="search" value={sought} onChange={(e) => seek(e.target.value)} /></label></p>
            <Rows rows={all.filter(fits)} />
          </>
        )}
      </Await>
    </section>
  )
}

function Rows({ rows }: { rows: FailedAttempt[] }) {
  return (
    <Table
      label={t('attempts.title')} rows={rows} id={(row) => `${row.address} ${row.stage} ${row.guid} ${row.first}`} order="-tried"
      columns={[
        { key: 'from', title: t('attempts.from'), cell: (row) => row.address, sort: (row) => row.address },
        { key: 'stage', title: t('attempts.stage'), cell: (row) => stageName(row.stage), sort: (row) => row.stage },
        { key: 'tried', title: t('unclaimed.last'), cell: (row) => <Time at={row.last} />, sort: (row) => row.last },
        { key: 'since', title: t('unclaimed.first'), wide: true, cell: (row) => <Time at={row.first} />, sort: (row) => row.first },
        { key: 'tries', title: t('unclaimed.count'), cell: (row) => row.count, sort: (row) => row.count },
        { key: 'why', title: t('attempts.why'), cell: (row) => <Why row={row} /> }
      ]}
    />
  )
}

function Why({ row }: { row: FailedAttempt }) {
  const known = cause(row.cause)
  return (
    <>
      {row.name && row.guid && <Link href={`/devices/${row.guid}`}>{row.name}</Link>}
      <details>
        <summary>
          <Theirs ours={known?.likely} text={row.likely} /> {row.code && !row.likely.includes(row.code) && <code>{row.code}</code>}
        </summary>
        <ol>{(known?.next ?? row.next).map((step) => <li key={step}><Theirs ours={known && step} text={step} /></li>)}</ol>
        {row.offered && <p className="muted">{t('attempts.offered', { offered: row.offered })}</p>}
      </details>
    </>
  )
}
