// Who uses a screen, a terminal or a drive, and ending it.

import { useState } from 'react'
import { get, remove, type ApiError } from '../api'
import { size, t } from '../i18n'
import { Await, Failure, Heading, Time } from '../parts'
import { useLoad } from '../state'

interface Redirection {
  id: number | string
  guid: string
  name?: string | null
  mode: string
  user: string
  since: string
  bytes?: { fromDevice: number; toDevice: number }
}

export default function Redirections() {
  const list = useLoad(() => get<Redirection[]>('/redirections'), [], 5_000)
  const [error, setError] = useState<ApiError>()
  const end = (id: number | string) =>
    remove(`/redirections/${id}`).then(list.reload, (reason: unknown) => setError(reason as ApiError))
  return (
    <>
      <Heading title={t('nav.redirections')} />
      {error && <Failure error={error} />}
      <Await of={list}>
        {(rows) => rows.length === 0 ? <p className="muted">{t('redirections.empty')}</p> : (
          <div className="scroll">
            <table>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.id}>
                    <td>{row.mode.toUpperCase()}</td>
                    <td>{row.name ?? row.guid}</td>
                    <td>{row.user}</td>
                    <td><Time at={row.since} /></td>
                    <td>{row.bytes && `${size(row.bytes.fromDevice)} / ${size(row.bytes.toDevice)}`}</td>
                    <td><button className="danger small" onClick={() => void end(row.id)}>{t('redirections.end')}</button></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Await>
    </>
  )
}
