// Who uses a screen, a terminal or a drive, and ending it.

import { Link } from 'wouter'
import { get, remove, type Bytes } from '../api'
import { isKey, size, t } from '../i18n'
import { Await, Empty, Failure, Heading, Shells, Table, Time, useAction } from '../parts'
import { useMay, useMe } from '../session'
import { useLoad } from '../state'

interface Redirection {
  id: number
  guid: string
  name: string | null
  mode: string
  user: string
  console: string | null
  since: string
  bytes: Bytes
  idleSeconds: number | null
}

const modeName = (mode: string) => {
  const key = `redirections.mode.${mode}`
  return isKey(key) ? t(key) : mode
}

export default function Redirections() {
  const list = useLoad(() => get<Redirection[]>('/redirections'), [], 5_000)
  const action = useAction()
  const may = useMay()
  const me = useMe()
  const end = async (row: Redirection) => {
    await action.run(() => remove(`/redirections/${row.id}`), t('redirections.ended', { user: row.user, name: row.name ?? row.guid }))
    list.reload()
  }
  return (
    <>
      <Heading title={t('nav.redirections')} />
      {action.error && <Failure error={action.error} />}
      <Await of={list}>
        {(rows) => rows.length === 0
          ? <Empty title={t('redirections.empty')} hint={t('redirections.emptyHint')}><Link className="button" href="/devices">{t('nav.devices')}</Link></Empty>
          : (
            <Table
              label={t('nav.redirections')} rows={rows} id={(row) => String(row.id)} order="since"
              columns={[
                { key: 'mode', title: t('redirections.mode'), cell: (row) => modeName(row.mode), sort: (row) => row.mode },
                { key: 'name', title: t('devices.name'), cell: (row) => <Link href={`/devices/${row.guid}`}>{row.name ?? row.guid}</Link>, sort: (row) => row.name ?? row.guid },
                { key: 'user', title: t('login.user'), cell: (row) => row.user, sort: (row) => row.user },
                { key: 'console', title: t('redirections.from'), wide: true, cell: (row) => row.console ?? '–' },
                { key: 'since', title: t('redirections.since'), cell: (row) => <Time at={row.since} />, sort: (row) => row.since },
                { key: 'bytes', title: t('overview.traffic'), wide: true, cell: (row) => `${size(row.bytes.fromDevice)} / ${size(row.bytes.toDevice)}`, sort: (row) => row.bytes.fromDevice },
                { key: 'idle', title: t('redirections.idle'), wide: true, cell: (row) => row.idleSeconds === null ? '–' : t('redirections.seconds', { n: row.idleSeconds }), sort: (row) => row.idleSeconds ?? 0 },
                {
                  key: 'do', title: t('common.actions'),
                  cell: (row) =>
                    // What others have open ends only by those who may end tunnels.
                    (row.user === me?.name || may('tunnels.disconnect')) && (
                      <span className="actions">
                        <button className="danger small" disabled={action.busy} onClick={() => void end(row)}>{t('redirections.end')}</button>
                        <Shells cli={`viaduct redirections close ${row.id}`} method="DELETE" path={`/redirections/${row.id}`} />
                      </span>
                    )
                }
              ]}
            />
          )}
      </Await>
    </>
  )
}
