// PCs that knocked without being known: taken in, turned away, or ignored; and who did not come as far as that.

import { useState, type FormEvent, type ReactNode } from 'react'
import { Link } from 'wouter'
import { get, post, remove, type Unclaimed } from '../api'
import { t } from '../i18n'
import { Allowed, Await, Copy, Dialog, Empty, Failure, Heading, quoted, Shells, Table, Time, useAction, useFilled } from '../parts'
import { labelOptions, labelsOf } from '../parts/labels'
import { useMay } from '../session'
import { useLoad } from '../state'
import { Attempts } from './attempts'

interface Written {
  guid: string
  name: string
  issued?: { user: string; password: string }
}

export default function UnclaimedPage() {
  const list = useLoad(() => get<Unclaimed[]>('/unclaimed'), [], 15_000)
  return (
    <>
      <Heading title={t('nav.unclaimed')} />
      <p className="muted">{t('unclaimed.about')}</p>
      <Await of={list}>
        {(rows) => (
          <Knocking rows={rows} reload={list.reload}>
            <Empty title={t('unclaimed.empty')} hint={t('unclaimed.emptyHint')}><Allowed needs="devices.change"><Link className="button" href="/add">{t('nav.add')}</Link></Allowed></Empty>
          </Knocking>
        )}
      </Await>
      <Attempts />
    </>
  )
}

/**
 * Also shown where a PC is added: one that knocks is halfway here. Without rows it shows `children`; it stays there, for the
 * last one may just have been taken in, with a password that is shown once.
 */
export function Knocking({ rows, reload, children }: { rows: Unclaimed[]; reload: () => void; children: ReactNode }) {
  const action = useAction()
  const [claiming, setClaiming] = useState<Unclaimed>()
  const [written, setWritten] = useState<Written>()
  const heard = rows.filter((row) => !row.ignored)
  const ignored = rows.filter((row) => row.ignored)
  const act = async (work: () => Promise<unknown>, done: string) => {
    await action.run(work, done)
    reload()
  }
  return (
    <>
      {action.error && <Failure error={action.error} />}
      {heard.length === 0 ? children : <Rows rows={heard} act={act} claim={setClaiming} />}
      {ignored.length > 0 && (
        <details>
          <summary>{t('unclaimed.ignoredN', { n: ignored.length })}</summary>
          <Rows rows={ignored} act={act} claim={setClaiming} />
        </details>
      )}
      {claiming && (
        <Claim
          row={claiming} close={() => setClaiming(undefined)}
          done={(answer) => { setClaiming(undefined); setWritten(answer); reload() }}
        />
      )}
      {written && (
        <Dialog title={t('unclaimed.taken', { name: written.name })} close={() => setWritten(undefined)}>
          {written.issued ? (
            <>
              <p>{t('unclaimed.issued')}</p>
              <pre>{`${written.issued.user}\n${written.issued.password}`}</pre>
              <Copy text={written.issued.password} />
            </>
          ) : <p>{t('unclaimed.known')}</p>}
          <p className="actions">
            <Link className="button" href={`/devices/${written.guid}`}>{t('unclaimed.open')}</Link>
            <button onClick={() => setWritten(undefined)}>{t('common.close')}</button>
          </p>
        </Dialog>
      )}
    </>
  )
}

interface RowsProps {
  rows: Unclaimed[]
  act: (work: () => Promise<unknown>, done: string) => Promise<void>
  claim: (row: Unclaimed) => void
}

function Rows({ rows, act, claim }: RowsProps) {
  const may = useMay()
  return (
    <Table
      label={t('nav.unclaimed')} rows={rows} id={(row) => row.guid} order="-last"
      columns={[
        { key: 'guid', title: t('device.guid'), cell: (row) => <><code>{row.guid}</code><small className="narrow muted">{row.address}, <Time at={row.last} /></small></>, sort: (row) => row.guid },
        { key: 'address', title: t('devices.address'), wide: true, cell: (row) => row.address, sort: (row) => row.address },
        { key: 'user', title: t('unclaimed.user'), wide: true, cell: (row) => row.mpsusername ?? '–' },
        { key: 'first', title: t('unclaimed.first'), wide: true, cell: (row) => <Time at={row.first} />, sort: (row) => row.first },
        { key: 'last', title: t('unclaimed.last'), wide: true, cell: (row) => <Time at={row.last} />, sort: (row) => row.last },
        { key: 'count', title: t('unclaimed.count'), wide: true, cell: (row) => row.count, sort: (row) => row.count },
        ...(may('devices.change') ? [{
          key: 'do', title: t('common.actions'),
          cell: (row: Unclaimed) => (
            <span className="actions">
              <button className="primary small" onClick={() => claim(row)}>{t('unclaimed.approve')}</button>
              <button className="danger small" onClick={() => void act(() => post(`/unclaimed/${row.guid}/block`), t('unclaimed.blocked'))}>
                {t('unclaimed.block')}
              </button>
              <Shells cli={`viaduct devices block ${row.guid}`} method="POST" path={`/unclaimed/${row.guid}/block`} />
              <Ignore row={row} act={act} />
            </span>
          )
        }] : [])
      ]}
    />
  )
}

/** It may knock on without being told of, until somebody wants to hear of it again. */
function Ignore({ row, act }: { row: Unclaimed; act: RowsProps['act'] }) {
  const path = `/unclaimed/${row.guid}/ignore`
  const cli = `viaduct devices ignore ${row.guid}`
  return row.ignored ? (
    <>
      <button className="small" onClick={() => void act(() => remove(path), t('unclaimed.heeded'))}>{t('unclaimed.heed')}</button>
      <Shells cli={`${cli} --undo`} method="DELETE" path={path} />
    </>
  ) : (
    <>
      <button className="small" onClick={() => void act(() => post(path), t('unclaimed.forgotten'))}>{t('unclaimed.ignore')}</button>
      <Shells cli={cli} method="POST" path={path} />
    </>
  )
}

function Claim({ row, close, done }: { row: Unclaimed; close: () => void; done: (written: Written) => void }) {
  const action = useAction()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (name: string) => String(data.get(name) ?? '').trim() || undefined
    const body = {
      name: text('name'), labels: labelsOf(text('labels') ?? ''), ciraPassword: text('password')
    }
    void action.run(async () => done(await post<Written>(`/unclaimed/${row.guid}/approve`, body)))
  }
  const { watch, text: filled } = useFilled()
  const [name, labels, secret] = [filled('name'), labelsOf(filled('labels')), filled('password')]
  return (
    <Dialog title={t('unclaimed.approve')} close={close}>
      <form {...watch} onSubmit={submit}>
        <p><code>{row.guid}</code></p>
        <label>{t('devices.name')}<input name="name" autoFocus autoComplete="off" /></label>
        <label>{t('devices.labels')}<input name="labels" placeholder="site=berlin" /></label>
        <label>{t('unclaimed.password')}
          <input name="password" type="password" autoComplete="off" />
          <small className="muted">{t('unclaimed.passwordHint')}</small>
        </label>
        {action.error && <Failure error={action.error} />}
        <p className="actions">
          <button className="primary" disabled={action.busy}>{t('unclaimed.approve')}</button>
          <Shells
            cli={`viaduct devices approve ${row.guid}${name ? ` --name ${quoted(name)}` : ''}${labelOptions(labels)}${secret ? ' --cira-password-file -' : ''}`}
            method="POST" path={`/unclaimed/${row.guid}/approve`} body={{ ...(name ? { name } : {}), labels, ...(secret ? { ciraPassword: 'PASSWORD' } : {}) }}
          />
          <button type="button" onClick={close}>{t('common.cancel')}</button>
        </p>
      </form>
    </Dialog>
  )
}
