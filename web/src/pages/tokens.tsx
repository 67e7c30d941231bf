// API tokens: shown once, ended at any time.

import { useState, type FormEvent } from 'react'
import { Link } from 'wouter'
import { get, post, remove, type Token } from '../api'
import { t } from '../i18n'
import { wordOf } from '../i18n/happened'
import { Allowed, Await, Copy, Dialog, Empty, Failure, quoted, Shells, Table, Time, useAction, useFilled } from '../parts'
import { labelOptions, labelsOf, labelText } from '../parts/labels'
import { useLoad } from '../state'

const SCOPES = ['proxy', 'read', 'operate', 'admin'] as const
const LIVES = ['1d', '30d', '90d', '365d', 'never'] as const

export function Tokens() {
  const list = useLoad(() => get<Token[]>('/tokens'), [])
  const action = useAction()
  const [issued, setIssued] = useState<string>()
  const make = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    const text = (name: string) => String(data.get(name) ?? '')
    const body = { name: text('name'), scope: text('scope'), expires: text('expires'), labels: labelsOf(text('labels')) }
    await action.run(async () => {
      setIssued((await post<{ token: string }>('/tokens', body)).token)
      form.reset()
    })
    list.reload()
  }
  const { watch, text: filled } = useFilled()
  const shown = { name: filled('name') || 'NAME', scope: filled('scope', 'read'), expires: filled('expires', '90d'), labels: labelsOf(filled('labels')) }
  const revoke = async (name: string) => {
    await action.run(() => remove(`/tokens/${encodeURIComponent(name)}`), t('tokens.revoked', { name }))
    list.reload()
  }
  return (
    <>
      {action.error && <Failure error={action.error} />}
      <Allowed needs="tokens.manage" why>
        <form className="inline" {...watch} onSubmit={(event) => void make(event)}>
          <label>{t('tokens.name')}<input name="name" required autoComplete="off" /></label>
          <label>{t('tokens.scope')}
            <select name="scope" defaultValue="read">{SCOPES.map((scope) => <option key={scope} value={scope}>{wordOf('tokens.scope', scope)}</option>)}</select>
          </label>
          <label>{t('tokens.expires')}
            <select name="expires" defaultValue="90d">{LIVES.map((life) => <option key={life} value={life}>{t(`tokens.life.${life}`)}</option>)}</select>
          </label>
          <label>{t('people.labels')}<input name="labels" placeholder="site=berlin" /></label>
          <button className="primary" disabled={action.busy}>{t('tokens.make')}</button>
          <Shells
            cli={`viaduct tokens create ${quoted(shown.name)} --scope ${shown.scope} --expires ${shown.expires}${labelOptions(shown.labels)}`}
            method="POST" path="/tokens" body={shown}
          />
        </form>
      </Allowed>
      <Await of={list}>
        {(rows) => rows.length === 0 ? <Empty title={t('tokens.empty')} hint={t('tokens.hint')} /> : (
          <Table
            label={t('people.tokens')} rows={rows} id={(token) => token.name} order="name"
            columns={[
              { key: 'name', title: t('tokens.name'), cell: (token) => token.name, sort: (token) => token.name },
              { key: 'scope', title: t('tokens.scope'), cell: (token) => wordOf('tokens.scope', token.scope), sort: (token) => token.scope },
              { key: 'labels', title: t('devices.labels'), wide: true, cell: (token) => labelText(token.labels) || t('people.all') },
              { key: 'expires', title: t('tokens.expires'), cell: (token) => <Time at={token.expires} />, sort: (token) => token.expires ?? '9' },
              { key: 'used', title: t('tokens.used'), wide: true, cell: (token) => <Time at={token.lastUsed} />, sort: (token) => token.lastUsed ?? '' },
              {
                key: 'do', title: t('common.actions'),
                cell: (token) => (
                  <span className="actions">
                    <Link className="button small" href={`/permissions?token=${encodeURIComponent(token.name)}`}>{t('permissions.title')}</Link>
                    <Allowed needs="tokens.manage">
                      <button className="danger small" disabled={action.busy} onClick={() => void revoke(token.name)}>{t('tokens.revoke')}</button>
                      <Shells cli={`viaduct tokens revoke ${quoted(token.name)}`} method="DELETE" path={`/tokens/${encodeURIComponent(token.name)}`} />
                    </Allowed>
                  </span>
                )
              }
            ]}
          />
        )}
      </Await>
      {issued && (
        <Dialog title={t('tokens.make')} close={() => setIssued(undefined)}>
          <p>{t('tokens.once')}</p>
          <pre>{issued}</pre>
          <p className="actions">
            <Copy text={issued} />
            <button onClick={() => setIssued(undefined)}>{t('common.close')}</button>
          </p>
        </Dialog>
      )}
    </>
  )
}
