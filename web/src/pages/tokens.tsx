// API tokens.

import { useState, type FormEvent } from 'react'
import { get, post, remove, type ApiError, type Token } from '../api'
import { t } from '../i18n'
import { Await, Copy, Dialog, Failure, Heading, Time } from '../parts'
import { useLoad } from '../state'

export default function Tokens() {
  const list = useLoad(() => get<Token[]>('/tokens'), [])
  const [error, setError] = useState<ApiError>()
  const [issued, setIssued] = useState<string>()
  const make = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    try {
      const { token } = await post<{ token: string }>('/tokens', { name: data.get('name'), scope: data.get('scope') })
      setIssued(token)
      setError(undefined)
      form.reset()
      list.reload()
    } catch (reason) {
      setError(reason as ApiError)
    }
  }
  const revoke = (name: string) =>
    remove(`/tokens/${encodeURIComponent(name)}`).then(list.reload, (reason: unknown) => setError(reason as ApiError))
  return (
    <>
      <Heading title={t('nav.tokens')} />
      {error && <Failure error={error} />}
      <form className="inline" onSubmit={(event) => void make(event)}>
        <label>{t('tokens.name')}<input name="name" required /></label>
        <label>{t('tokens.scope')}
          <select name="scope" defaultValue="read">
            {['proxy', 'read', 'operate', 'admin'].map((scope) => <option key={scope}>{scope}</option>)}
          </select>
        </label>
        <button className="primary">{t('tokens.make')}</button>
      </form>
      <Await of={list}>
        {(rows) => rows.length === 0 ? <p className="muted">{t('tokens.empty')}</p> : (
          <div className="scroll">
            <table>
              <thead>
                <tr><th>{t('tokens.name')}</th><th>{t('tokens.scope')}</th><th>{t('tokens.expires')}</th><th>{t('tokens.used')}</th><th /></tr>
              </thead>
              <tbody>
                {rows.map((token) => (
                  <tr key={token.name}>
                    <td>{token.name}</td>
                    <td>{token.scope}</td>
                    <td><Time at={token.expires} /></td>
                    <td><Time at={token.lastUsed} /></td>
                    <td><button className="danger small" onClick={() => void revoke(token.name)}>{t('tokens.revoke')}</button></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Await>
      {issued && (
        <Dialog title={t('tokens.make')} close={() => setIssued(undefined)}>
          <p>{t('tokens.once')}</p>
          <pre>{issued}</pre>
          <p className="actions">
            <Copy text={issued} label={t('common.copy')} />
            <button onClick={() => setIssued(undefined)}>{t('common.close')}</button>
          </p>
        </Dialog>
      )}
    </>
  )
}
