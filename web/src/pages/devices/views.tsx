// Views: an address with filters, order and columns, under a name.

import { useState, type FormEvent } from 'react'
import { Link, useSearchParams } from 'wouter'
import { t } from '../../i18n'
import { Failure, Shells, toast, useAction } from '../../parts'
import { Menu } from '../../parts/menu'
import { operands } from '../../parts/shells'
import { pathOf, useShelf } from './shelf'

export function Views() {
  const { views, here, save, forget } = useShelf()
  const [query] = useSearchParams()
  const [name, setName] = useState('')
  const action = useAction()
  const now = query.toString()
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const wanted = name.trim()
    if (wanted && await action.run(() => save({ name: wanted, query: now }))) {
      setName('')
      toast(t('devices.viewSaved', { name: wanted }))
    }
  }
  return (
    <Menu title={t('devices.views')}>
      {views.length === 0 && <p className="muted">{t('devices.noViews')}</p>}
      <ul className="plain">
        {views.map((one) => (
          <li key={one.name} className="actions">
            <Link href={`/devices?${one.query}`} aria-current={one.query === now ? 'page' : undefined}>{one.name}</Link>
            <button
              className="small" disabled={action.busy} aria-label={t('devices.viewForget', { name: one.name })}
              onClick={() => void action.run(() => forget(one))}
            >
              ✕
            </button>
            {!here && <Shells cli={`viaduct devices views rm ${operands(one.name)}`} method="DELETE" path={pathOf(one.name)} />}
          </li>
        ))}
      </ul>
      <form className="inline" onSubmit={(event) => void submit(event)}>
        <label>{t('devices.viewName')}
          <input required maxLength={60} autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <button disabled={action.busy}>{t('common.save')}</button>
        {!here && (
          <Shells
            cli={`viaduct devices views save ${operands(name.trim() || 'NAME', now)}`}
            method="PUT" path={pathOf(name.trim() || 'NAME')} body={{ query: now }}
          />
        )}
      </form>
      {action.error && <Failure error={action.error} />}
      <small className="muted">{t(here ? 'devices.viewsHere' : 'devices.viewsHint')}</small>
    </Menu>
  )
}
