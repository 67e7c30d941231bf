// Who did what to what.

import { get } from '../api'
import { t } from '../i18n'
import { Await, Heading, Time } from '../parts'
import { useLoad } from '../state'

interface Entry {
  id?: number
  seq?: number
  time?: string
  at?: string
  principal?: string
  who?: string
  action?: string
  device?: string | null
  guid?: string | null
  detail?: unknown
  outcome?: string | null
}

export default function Audit() {
  const list = useLoad(
    () => get<Entry[] | { data: Entry[] }>('/audit').then((answer) => (Array.isArray(answer) ? answer : answer.data)),
    []
  )
  return (
    <>
      <Heading title={t('nav.audit')} />
      <Await of={list}>
        {(rows) => rows.length === 0 ? <p className="muted">{t('audit.empty')}</p> : (
          <div className="scroll">
            <table>
              <tbody>
                {rows.map((row, at) => (
                  <tr key={row.seq ?? row.id ?? at}>
                    <td><Time at={row.time ?? row.at} /></td>
                    <td>{row.principal ?? row.who}</td>
                    <td>{row.action}</td>
                    <td>{row.device ?? row.guid}</td>
                    <td>{row.outcome}</td>
                    <td className="muted">{typeof row.detail === 'string' ? row.detail : JSON.stringify(row.detail)}</td>
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
