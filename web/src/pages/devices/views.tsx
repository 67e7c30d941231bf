// Views: an address with filters, order and columns, under a name. The server has no place for what a person likes, so
// they are kept in this browser, for each user.

import { useState, type FormEvent } from 'react'
import { Link, useSearchParams } from 'wouter'
import { t } from '../../i18n'
import { toast } from '../../parts'
import { Menu } from '../../parts/menu'
import { useMe } from '../../session'

interface View {
  name: string
  query: string
}

/** More than anybody finds again. */
const MOST = 50

function read(key: string): View[] {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(all) ? all.filter((one): one is View => typeof one?.name === 'string' && typeof one?.query === 'string') : []
  } catch {
    return []
  }
}

export function Views() {
  const key = `viaduct.views.${useMe()?.name ?? ''}`
  const [views, setViews] = useState(() => read(key))
  const [query] = useSearchParams()
  const here = query.toString()
  const keep = (next: View[]) => {
    localStorage.setItem(key, JSON.stringify(next))
    setViews(next)
  }
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const name = String(new FormData(form).get('view')).trim()
    if (!name) return
    const next = [...views.filter((one) => one.name !== name), { name, query: here }].slice(-MOST)
    keep(next.sort((a, b) => a.name.localeCompare(b.name)))
    form.reset()
    toast(t('devices.viewSaved', { name }))
  }
  return (
    <Menu title={t('devices.views')}>
      {views.length === 0 && <p className="muted">{t('devices.noViews')}</p>}
      <ul className="plain">
        {views.map((one) => (
          <li key={one.name} className="actions">
            <Link href={`/devices?${one.query}`} aria-current={one.query === here ? 'page' : undefined}>{one.name}</Link>
            <button
              className="small" aria-label={t('devices.viewForget', { name: one.name })}
              onClick={() => keep(views.filter((other) => other !== one))}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <form className="inline" onSubmit={save}>
        <label>{t('devices.viewName')}<input name="view" required maxLength={60} autoComplete="off" /></label>
        <button>{t('common.save')}</button>
      </form>
      <small className="muted">{t('devices.viewsHint')}</small>
    </Menu>
  )
}
