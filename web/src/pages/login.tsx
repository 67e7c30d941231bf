// Sign in with user and password, a code where one is needed, or at the identity provider.

import { useEffect, useState, type FormEvent } from 'react'
import { ApiError, get } from '../api'
import { t } from '../i18n'
import { asApiError, Failure, Heading } from '../parts'
import { sessionExpired, signIn } from '../session'
import { Outside } from './outside'

export interface Ways {
  setUp: boolean
  provider: boolean
  passwordMin: number
}

/** The server's code for "a one-time code is needed". */
const CODE_NEEDED = 'E3008'
/** The server's code for "not signed in"; its advice is for scripts. */
const WRONG = 'E3001'
/** Where to go on after the way over the identity provider. */
const RETURN = 'viaduct.return'

/** The place somebody was sent away from to sign in elsewhere; once. */
export function takeReturn(): string | null {
  const place = sessionStorage.getItem(RETURN)
  sessionStorage.removeItem(RETURN)
  return place
}

export function Login() {
  const [ways, setWays] = useState<Ways>()
  const [error, setError] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const [code, setCode] = useState(false)
  useEffect(() => {
    get<Ways>('/session').then(setWays, (reason: unknown) => setError(asApiError(reason)))
  }, [])
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const field = (name: string) => String(form.get(name) ?? '')
    setBusy(true)
    try {
      await signIn(field('user'), field('password'), field('code').replaceAll(' ', '') || undefined)
    } catch (reason) {
      const refused = asApiError(reason)
      // The first time this is no mistake: the code is asked for.
      if (refused.problem.code === CODE_NEEDED && !code) setError(undefined)
      else if (refused.problem.code === WRONG) setError(new ApiError(401, { code: WRONG, title: t(code ? 'login.wrongCode' : 'login.wrong') }))
      else setError(refused)
      if (refused.problem.code === CODE_NEEDED) setCode(true)
      setBusy(false)
    }
  }
  return (
    <Outside>
      <Heading title={t('login.title')} />
      {sessionExpired() && <p role="status" className="notice">{t('login.expired')}</p>}
      {ways && !ways.setUp && <p className="notice">{t('login.first')}</p>}
      <form onSubmit={(event) => void submit(event)}>
        <label>{t('login.user')}<input name="user" autoComplete="username" autoFocus required /></label>
        <label>{t('login.password')}<input name="password" type="password" autoComplete="current-password" required /></label>
        {code && (
          <label>{t('login.code')}
            <input name="code" autoComplete="one-time-code" inputMode="text" required autoFocus aria-describedby="code-hint" />
            <small id="code-hint" className="muted">{t('login.codeHint')}</small>
          </label>
        )}
        {error && <Failure error={error} />}
        <button className="primary" disabled={busy}>{t(busy ? 'login.busy' : 'login.submit')}</button>
      </form>
      {ways?.provider && (
        <p>
          <a
            className="button" href="/api/v1/oidc/login"
            onClick={() => sessionStorage.setItem(RETURN, location.pathname + location.search)}
          >
            {t('login.provider')}
          </a>
        </p>
      )}
    </Outside>
  )
}
