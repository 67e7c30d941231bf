// The first start: the one-time link makes the first user. No password exists before.

import { useEffect, useState, type FormEvent } from 'react'
import { Link, useLocation } from 'wouter'
import { ApiError, get, post } from '../api'
import { t } from '../i18n'
import { asApiError, Failure, Heading } from '../parts'
import { signIn } from '../session'
import type { Ways } from './login'
import { Outside } from './outside'

/** Where the tab keeps the secret of the link. */
const KEPT = 'viaduct.setup'

export function SetUp() {
  const [, go] = useLocation()
  const [ways, setWays] = useState<Ways>()
  const [error, setError] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  // Taken out of the address, so that it stays in no history and no photograph of the screen; this tab keeps it until it is
  // used, so that the page may be loaded again.
  const [secret] = useState(() => new URLSearchParams(location.search).get('secret') ?? sessionStorage.getItem(KEPT) ?? '')
  useEffect(() => {
    if (secret) sessionStorage.setItem(KEPT, secret)
    history.replaceState(null, '', location.pathname)
    get<Ways>('/session').then(setWays, (reason: unknown) => setError(asApiError(reason)))
  }, [])
  const used = ways?.setUp ?? false
  useEffect(() => { if (used) sessionStorage.removeItem(KEPT) }, [used])
  const least = ways?.passwordMin ?? 8
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const [user, password] = [String(form.get('user')), String(form.get('password'))]
    if (password !== form.get('again')) {
      setError(new ApiError(400, { title: t('setup.differ') }))
      return
    }
    setBusy(true)
    try {
      await post('/setup', { secret: secret || String(form.get('secret') ?? ''), user, password })
      sessionStorage.removeItem(KEPT)
      await signIn(user, password)
      go('/add')
    } catch (reason) {
      setError(asApiError(reason))
      setBusy(false)
    }
  }
  if (ways?.setUp && !busy) {
    return (
      <Outside>
        <Heading title={t('setup.title')} />
        <p>{t('setup.done')}</p>
        <p><Link className="button" href="/">{t('login.title')}</Link></p>
      </Outside>
    )
  }
  return (
    <Outside>
      <Heading title={t('setup.title')} />
      <p>{t('setup.text')}</p>
      <form onSubmit={(event) => void submit(event)}>
        {!secret && <label>{t('setup.secret')}<input name="secret" required autoComplete="off" /></label>}
        <label>{t('login.user')}<input name="user" autoComplete="username" defaultValue="admin" required maxLength={64} /></label>
        <label>{t('setup.password', { n: least })}
          <input name="password" type="password" autoComplete="new-password" minLength={least} required autoFocus />
        </label>
        <label>{t('setup.again')}<input name="again" type="password" autoComplete="new-password" required /></label>
        {error && <Failure error={error} />}
        <button className="primary" disabled={busy}>{t('setup.submit')}</button>
      </form>
    </Outside>
  )
}
