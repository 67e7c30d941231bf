// Sign in with user and password.

import { useState, type FormEvent } from 'react'
import { ApiError, post, session } from '../api'
import { t } from '../i18n'
import { Failure, Heading } from '../parts'

export function Login() {
  const [error, setError] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setBusy(true)
    try {
      const answer = await post<{ token: string }>('/authorize', {
        username: form.get('user'),
        password: form.get('password')
      })
      session.set(answer.token)
    } catch (reason) {
      setError(reason as ApiError)
    } finally {
      setBusy(false)
    }
  }
  return (
    <main className="login">
      <Heading title={t('login.title')} />
      <form onSubmit={(event) => void submit(event)}>
        <label>{t('login.user')}<input name="user" autoComplete="username" autoFocus required /></label>
        <label>{t('login.password')}<input name="password" type="password" autoComplete="current-password" required /></label>
        {error && <Failure error={error} />}
        <button className="primary" disabled={busy}>{t('login.submit')}</button>
      </form>
      <p className="muted">{t('login.first')}</p>
    </main>
  )
}
