// PCs that knocked without being known.

import { useState } from 'react'
import { get, post, type Unclaimed } from '../api'
import { t, when } from '../i18n'
import { Await, Dialog, Failure, Heading, Shells } from '../parts'
import type { ApiError } from '../api'
import { useLoad } from '../state'

interface Issued {
  mpsusername?: string
  mpspassword?: string
  ciraUser?: string
  ciraPassword?: string
  [key: string]: unknown
}

export default function UnclaimedPage() {
  const list = useLoad(() => get<Unclaimed[]>('/unclaimed'), [], 15_000)
  const [error, setError] = useState<ApiError>()
  const [issued, setIssued] = useState<Issued>()
  const act = async (guid: string, verb: 'approve' | 'block') => {
    try {
      const answer = await post<Issued>(`/unclaimed/${guid}/${verb}`)
      if (verb === 'approve') setIssued(answer)
      setError(undefined)
      list.reload()
    } catch (reason) {
      setError(reason as ApiError)
    }
  }
  return (
    <>
      <Heading title={t('nav.unclaimed')} />
      {error && <Failure error={error} />}
      <Await of={list}>
        {(rows) => rows.length === 0 ? <p className="muted">{t('unclaimed.empty')}</p> : (
          <ul className="cards">
            {rows.map((row) => (
              <li key={row.guid}>
                <p><code>{row.guid}</code> {row.mpsusername}</p>
                <p className="muted">{t('unclaimed.times', { n: row.count, when: when(row.last), address: row.address })}</p>
                <p className="actions">
                  <button className="primary" onClick={() => void act(row.guid, 'approve')}>{t('unclaimed.approve')}</button>
                  <button onClick={() => void act(row.guid, 'block')}>{t('unclaimed.block')}</button>
                  <Shells cli={`viaduct devices approve ${row.guid}`} method="POST" path={`/unclaimed/${row.guid}/approve`} />
                </p>
              </li>
            ))}
          </ul>
        )}
      </Await>
      {issued && (
        <Dialog title={t('unclaimed.approve')} close={() => setIssued(undefined)}>
          <p>{t('unclaimed.issued')}</p>
          <pre>{JSON.stringify(issued, null, 2)}</pre>
          <button onClick={() => setIssued(undefined)}>{t('common.close')}</button>
        </Dialog>
      )}
    </>
  )
}
