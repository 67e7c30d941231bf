// Who did what to what: filtered by the server, checked, exported.

import { useState } from 'react'
import { Link } from 'wouter'
import { fileOf, get } from '../api'
import { exactly, t } from '../i18n'
import { wordOf } from '../i18n/happened'
import { auditPhrase } from '../i18n/phrases'
import { Allowed, asApiError, Await, Deed, download, Empty, Failure, Heading, inWords, Shells, Table, Time, toast, useAction, useQuery } from '../parts'
import { Theirs } from '../parts/theirs'
import { useLoad } from '../state'

interface Entry {
  seq: number
  time: string
  actor: string
  source: string | null
  action: string
  device: string | null
  detail: string
  result: string
  intent: number | null
  outcome: string | null
}

interface Page {
  data: Entry[]
  totalCount: number
}

interface Report {
  rows: number
  fault: { seq: number; why: string } | null
}

const ROWS = 200
const FILTERS = ['actor', 'action', 'device', 'result'] as const
const RESULTS = ['intent', 'done', 'failed', 'unknown'] as const

export default function Audit() {
  const [query, change] = useQuery()
  const page = Math.max(0, Number(query.get('page')) || 0)
  const search = new URLSearchParams({ $count: 'true', $top: String(ROWS), $skip: String(page * ROWS) })
  for (const name of FILTERS) if (query.get(name)) search.set(name, query.get(name) ?? '')
  for (const name of ['since', 'until']) {
    const at = new Date(query.get(name) ?? '')
    if (!Number.isNaN(at.getTime())) search.set(name, at.toISOString())
  }
  const path = `/audit?${search}`
  const list = useLoad(() => get<Page>(path), [path])
  const filtered = FILTERS.some((name) => query.get(name)) || query.get('since') || query.get('until')
  return (
    <>
      <Heading title={t('nav.audit')}>
        <Allowed needs="audit.read-all"><Check /><Export /></Allowed>
      </Heading>
      <div className="filters" role="search">
        {(['actor', 'action', 'device'] as const).map((name) => (
          <input
            key={name} type="search" aria-label={t(`audit.${name}`)} placeholder={t(`audit.${name}`)}
            defaultValue={query.get(name) ?? ''} onChange={(e) => change({ [name]: e.target.value.trim(), page: '' })}
          />
        ))}
        <select aria-label={t('audit.result')} value={query.get('result') ?? ''} onChange={(e) => change({ result: e.target.value, page: '' })}>
          <option value="">{t('audit.result')}: {t('common.all')}</option>
          {RESULTS.map((name) => <option key={name} value={name}>{t(`audit.result.${name}`)}</option>)}
        </select>
        {(['since', 'until'] as const).map((name) => (
          <label key={name}>{t(`audit.${name}`)}{' '}
            <input type="datetime-local" defaultValue={query.get(name) ?? ''} onChange={(e) => change({ [name]: e.target.value, page: '' })} />
          </label>
        ))}
        <Shells of={t('nav.audit')} cli="viaduct audit tail" method="GET" path={path} />
      </div>
      <Await of={list}>
        {({ data, totalCount }) => totalCount === 0 ? <Empty title={t(filtered ? 'audit.nothing' : 'audit.empty')} /> : (
          <>
            <Rows rows={data} />
            <p className="pages">
              <button disabled={page === 0} onClick={() => change({ page: page > 1 ? String(page - 1) : '' })}>{t('audit.newer')}</button>
              <span>{t('audit.rows', { from: page * ROWS + 1, to: page * ROWS + data.length, all: totalCount })}</span>
              <button disabled={(page + 1) * ROWS >= totalCount} onClick={() => change({ page: String(page + 1) })}>{t('audit.older')}</button>
            </p>
          </>
        )}
      </Await>
    </>
  )
}

const MARKS: Record<string, string> = { done: '✓', failed: '✗', unknown: '?', intent: '…' }

function resultOf(entry: Entry): string {
  const result = entry.result === 'intent' ? (entry.outcome ?? 'intent') : entry.result
  const known = RESULTS.find((name) => name === result)
  return `${MARKS[result] ?? ''} ${known ? t(`audit.result.${known}`) : result}`
}

function Rows({ rows }: { rows: Entry[] }) {
  return (
    <Table
      label={t('nav.audit')} rows={rows} id={(row) => String(row.seq)} order="-seq"
      columns={[
        { key: 'seq', title: '#', cell: (row) => row.seq, sort: (row) => row.seq, wide: true },
        { key: 'time', title: t('chart.time'), cell: (row) => <Time at={row.time} />, sort: (row) => row.time },
        { key: 'actor', title: t('audit.actor'), cell: (row) => <span title={row.source ?? ''}>{row.actor}</span>, sort: (row) => row.actor },
        { key: 'action', title: t('audit.action'), cell: (row) => <span title={row.action}>{wordOf('action', row.action)}</span>, sort: (row) => row.action },
        { key: 'device', title: t('audit.device'), wide: true, cell: (row) => row.device && <Link href={`/devices/${row.device}/history`} title={row.device}><code>{row.device.slice(0, 8)}…</code></Link>, sort: (row) => row.device ?? '' },
        { key: 'result', title: t('audit.result'), cell: resultOf, sort: resultOf },
        { key: 'detail', title: t('audit.detail'), wide: true, cell: (row) => <span title={`${row.detail}\n${exactly(row.time)}`}><Theirs ours={auditPhrase(row.detail)} text={row.detail} /></span> }
      ]}
    />
  )
}

function Check() {
  const action = useAction()
  const [report, setReport] = useState<Report>()
  const check = () => action.run(async () => setReport(await get<Report>('/audit/verify')))
  return (
    <>
      {action.error && <Failure error={action.error} />}
      {report && (report.fault
        ? <span role="alert" className="bad">✗ {t('audit.broken', { seq: report.fault.seq, why: report.fault.why })}</span>
        : <span role="status" className="good">✓ {t('audit.whole', { n: report.rows })}</span>)}
      <Deed>
        <button disabled={action.busy} onClick={() => void check()}>{t('audit.verify')}</button>
        <Shells of={t('audit.verify')} cli="viaduct audit verify" method="GET" path="/audit/verify" />
      </Deed>
    </>
  )
}

function Export() {
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    try {
      const file = await fileOf('/audit/export')
      if (file) download('viaduct-audit.ndjson', file)
    } catch (error) {
      toast(inWords(asApiError(error)), 'problem')
    }
    setBusy(false)
  }
  return (
    <Deed>
      <button disabled={busy} onClick={() => void save()}>{t('common.export')}</button>
      <Shells of={t('common.export')} cli="viaduct audit export" method="GET" path="/audit/export" />
    </Deed>
  )
}
