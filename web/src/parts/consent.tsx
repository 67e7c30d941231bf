// The code that the user in front of the PC reads out.

import { useState, type FormEvent } from 'react'
import { ApiError, get, post } from '../api'
import { t } from '../i18n'
import { useLoad } from '../state'
import { Failure } from '.'

interface Features {
  userConsent: 'none' | 'kvm' | 'all'
  optInState: number
}

/** Consent was given, or a session runs under it. */
const GIVEN = 3

export function Consent({ guid }: { guid: string }) {
  const features = useLoad(() => get<Features>(`/amt/features/${guid}`), [guid], 10_000)
  const [error, setError] = useState<ApiError>()
  if (!features.data || features.data.userConsent === 'none') return null
  if (features.data.optInState >= GIVEN) return <p role="status">{t('consent.sent')}</p>
  const act = async (work: Promise<unknown>) => {
    try {
      await work
      setError(undefined)
    } catch (reason) {
      setError(reason as ApiError)
    }
    features.reload()
  }
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const consentCode = String(new FormData(event.currentTarget).get('code'))
    void act(post(`/amt/userConsentCode/${guid}`, { consentCode }))
  }
  return (
    <section className="consent">
      <h2>{t('consent.title')}</h2>
      {features.data.optInState === 0 ? (
        <button className="primary" onClick={() => void act(get(`/amt/userConsentCode/${guid}`))}>{t('consent.request')}</button>
      ) : (
        <form className="inline" onSubmit={send}>
          <label>{t('consent.text')}<input name="code" inputMode="numeric" pattern="[0-9]{6}" maxLength={6} required /></label>
          <button className="primary">{t('consent.send')}</button>
          <button type="button" onClick={() => void act(get(`/amt/userConsentCode/cancel/${guid}`))}>{t('consent.cancel')}</button>
        </form>
      )}
      {error && <Failure error={error} />}
    </section>
  )
}
