// The code that the user in front of the PC reads out.

import { useEffect, useState, type FormEvent } from 'react'
import { get, post } from '../api'
import { t } from '../i18n'
import { useLoad } from '../state'
import { Failure, useAction } from '.'

interface Features {
  userConsent: 'none' | 'kvm' | 'all'
  optInState: number
}

/** Consent was given, or a session runs under it. */
const GIVEN = 3
/** How long a PC shows a code unless it is told otherwise, in seconds. */
const SHOWN = 300

export function Consent({ guid }: { guid: string }) {
  const features = useLoad(() => get<Features>(`/amt/features/${guid}`), [guid], 10_000)
  const action = useAction()
  const [asked, setAsked] = useState<number>()
  if (!features.data || features.data.userConsent === 'none') return null
  if (features.data.optInState >= GIVEN) return <p role="status">{t('consent.sent')}</p>
  const act = (work: () => Promise<unknown>) => action.run(work).then((well) => { features.reload(); return well })
  const request = async () => {
    if (await act(() => get(`/amt/userConsentCode/${guid}`))) setAsked(Date.now())
  }
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const consentCode = String(new FormData(event.currentTarget).get('code'))
    void act(() => post(`/amt/userConsentCode/${guid}`, { consentCode }))
  }
  return (
    <section className="consent">
      <h2>{t('consent.title')}</h2>
      {features.data.optInState === 0 ? (
        <button className="primary" disabled={action.busy} onClick={() => void request()}>{t('consent.request')}</button>
      ) : (
        <>
          <form className="inline" onSubmit={send}>
            <label>
              {t('consent.text')}
              <input name="code" inputMode="numeric" autoComplete="off" pattern="[0-9]{6}" maxLength={6} required autoFocus />
            </label>
            <button className="primary" disabled={action.busy}>{t('consent.send')}</button>
            <button type="button" onClick={() => void act(() => get(`/amt/userConsentCode/cancel/${guid}`)).then(() => setAsked(undefined))}>{t('consent.cancel')}</button>
          </form>
          {asked !== undefined && <Countdown key={asked} until={asked + SHOWN * 1000} />}
        </>
      )}
      {action.error && <Failure error={action.error} />}
    </section>
  )
}

function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  const seconds = Math.max(0, Math.ceil((until - now) / 1000))
  return <p className={seconds ? 'muted' : 'warn'} role="timer">{seconds ? t('consent.left', { seconds }) : t('consent.over')}</p>
}
