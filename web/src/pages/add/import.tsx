// Door D: many PCs from a list. First what would become of each line, then the deed; what was made is shown this once.

import { useState, type FormEvent } from 'react'
import { Link } from 'wouter'
import { post, type Device, type Problem } from '../../api'
import { t } from '../../i18n'
import { problemWords } from '../../i18n/problems'
import { csv, download, Failure, Shells, Table, useAction, type Column } from '../../parts'
import { keepMade } from '../../made'
import { useMe } from '../../session'
import { COLUMNS, listOf, type Fault, type Line } from './csv'

/** Devices sent at once: below the server's limits of number and bytes. */
const PART = 500

interface Written extends Device {
  issued?: { user: string; password: string }
}

/** What became of a line, or would. */
type Outcome = { added: Written } | { refused: Problem }

interface Row extends Line {
  outcome: Outcome
}

const wasAdded = (row: Row): row is Row & { outcome: { added: Written } } => 'added' in row.outcome

/** Sends the lines in parts; gives what it has when one fails, with the reason. */
async function send(lines: Line[], dryRun: boolean, take: (rows: Row[]) => void): Promise<void> {
  const rows: Row[] = []
  for (let at = 0; at < lines.length; at += PART) {
    const part = lines.slice(at, at + PART)
    const outcomes = await post<Outcome[]>(dryRun ? '/imports/check' : '/imports', part.map((one) => one.wish))
    part.forEach((one, n) => {
      const outcome = outcomes[n]
      if (outcome) rows.push({ ...one, outcome })
    })
    // What was made so far is shown, whatever becomes of the rest.
    take([...rows])
  }
}

export function Import() {
  const [text, setText] = useState('')
  const [faults, setFaults] = useState<Fault[]>([])
  const [planned, setPlanned] = useState<Row[]>()
  const [done, setDone] = useState<Row[]>()
  const action = useAction()
  const change = (next: string) => {
    setText(next)
    setFaults([])
    setPlanned(undefined)
    action.clear()
  }
  const check = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const list = listOf(text)
    setFaults(list.faults)
    setPlanned(undefined)
    if (list.faults.length === 0) void action.run(() => send(list.lines, true, setPlanned))
  }
  const me = useMe()?.name
  const good = planned?.filter(wasAdded) ?? []
  const made = (rows: Row[]) => {
    setDone(rows)
    const added = rows.filter(wasAdded).map((row) => row.outcome.added)
    keepMade(me ?? '', added.map((one) => ({ name: one.name, guid: one.guid, user: one.issued?.user ?? '', password: one.issued?.password ?? '' })))
  }
  if (done) return <Done rows={done} action={action} again={() => { setDone(undefined); change('') }} />
  return (
    <section className="import">
      <h2>{t('add.import')}</h2>
      <p className="muted">{t('import.text')}</p>
      <form className="wide-form" onSubmit={check}>
        <label>{t('import.file')}
          <input type="file" accept=".csv,text/csv,text/plain" onChange={(e) => { void e.target.files?.[0]?.text().then(change) }} />
          <small className="muted">{t('import.columns')}</small>
        </label>
        <label>{t('import.paste')}
          <textarea rows={6} spellCheck={false} required value={text} onChange={(e) => change(e.target.value)} placeholder="name,guid,labels" />
        </label>
        <p className="actions">
          <button className="primary" disabled={action.busy}>{t('import.check')}</button>
          <button type="button" onClick={() => download('viaduct-pcs.csv', csv([[...COLUMNS], EXAMPLE]), 'text/csv')}>{t('import.example')}</button>
          <Shells cli="viaduct devices import pcs.csv --dry-run" method="POST" path="/imports/check" body={[{ guid: EXAMPLE[1], name: EXAMPLE[0] }]} />
        </p>
      </form>
      {action.error && <Failure error={action.error} />}
      {faults.length > 0 && <Faults faults={faults} />}
      {planned && (
        <>
          <Rows rows={planned} />
          {good.length === 0 ? <p className="warn">{t('import.none')}</p> : (
            <p className="actions">
              <button className="primary" disabled={action.busy} onClick={() => void action.run(() => send(good, false, made))}>{t('import.go', { n: good.length })}</button>
              <Shells cli="viaduct devices import pcs.csv" method="POST" path="/imports" body={[{ guid: EXAMPLE[1], name: EXAMPLE[0] }]} />
            </p>
          )}
        </>
      )}
    </section>
  )
}

const EXAMPLE = ['pc-31', '4c4c4544-004b-4210-8033-b8c04f504633', 'pc-31.example.com', 'site=berlin role=till', '', '', 'admin', '']

function Faults({ faults }: { faults: Fault[] }) {
  return (
    <div role="alert" className="failure">
      <p><strong>{t('import.fault', { n: faults.length })}</strong></p>
      <ul className="plain failures">{faults.map(({ line, why }) => <li key={line}>✗ {t('import.line')} {line}: {why}</li>)}</ul>
    </div>
  )
}

function Rows({ rows, real }: { rows: Row[]; real?: boolean }) {
  const columns: Column<Row>[] = [
    { key: 'line', title: t('import.line'), sort: (row) => row.line, cell: (row) => row.line },
    {
      key: 'name', title: t('devices.name'), sort: (row) => row.wish.name ?? '',
      cell: (row) => (wasAdded(row) && real
        ? <Link href={`/devices/${row.outcome.added.guid}`}>{row.outcome.added.name}</Link>
        : wasAdded(row) ? row.outcome.added.name : row.wish.name ?? row.wish.guid)
    },
    { key: 'guid', title: t('device.guid'), wide: true, cell: (row) => <code>{row.wish.guid}</code> },
    { key: 'outcome', title: t('import.outcome'), sort: (row) => Number(wasAdded(row)), cell: (row) => <What row={row} real={real ?? false} /> }
  ]
  return <Table label={t('import.outcome')} rows={rows} columns={columns} id={(row) => String(row.line)} order="line" />
}

function What({ row, real }: { row: Row; real: boolean }) {
  if (wasAdded(row)) {
    const words = real ? 'import.added' : row.wish.ciraPassword ? 'import.would' : 'import.wouldMake'
    return <span className="good">✓ {t(words)}</span>
  }
  if (!('refused' in row.outcome)) return null
  const { code, title, detail } = row.outcome.refused
  return (
    <span className="bad">
      ✗ {problemWords(code)?.title ?? title} <code>{code}</code>{detail && <> <q lang="en">{detail}</q></>}
    </span>
  )
}

interface DoneProps {
  rows: Row[]
  action: ReturnType<typeof useAction>
  again: () => void
}

function Done({ rows, action, again }: DoneProps) {
  const added = rows.filter(wasAdded).map((row) => row.outcome.added)
  return (
    <section className="import">
      <h2>{t('add.import')}</h2>
      <p role="status"><strong>{t('import.done', { n: added.length, all: rows.length })}</strong></p>
      {action.error && <Failure error={action.error} />}
      <Rows rows={rows} real />
      <p className="actions"><button onClick={again}>{t('import.again')}</button></p>
    </section>
  )
}
