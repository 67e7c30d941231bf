// The code that the user in front of the PC reads out.

import { useEffect, useRef, useState, type FormEvent } from 'react'
import { ApiError, get, post, type Device } from '../api'
import { t } from '../i18n'
import { useMay } from '../session'
import { useLoad } from '../state'
import { asApiError, useAction } from './action'
import { quoted, Shells } from './shells'
import { Failure } from './states'

interface Features {
  userConsent: 'none' | 'kvm' | 'all'
  optInState: number
  /** How long the PC shows a code, and how long consent lasts without a session, in seconds, as the PC itself has it. */
  optInDisplayTimeout: number | null
  optInCodeTimeout: number | null
}

/** A code is on the PC's screen. */
const SHOWN = 2
/** Consent was given; from the next on a session runs under it. */
const GIVEN = 3
/** AMT's answers: nothing to do now, not for a while, and other digits than those on the screen. */
const NOT_NOW = 2
const BLOCKED = 3
const WRONG = 2066
const OFTEN = 3_000

/** AMT's own no, in words for people. */
function refusal(error: ApiError): ApiError {
  const { amt, triesLeft: left = 0 } = error.problem
  const words = (code: string, title: string, next: string) => new ApiError(error.status, { code, title, next })
  if (amt === WRONG) {
    return left > 0
      ? words('E2040', t(left === 1 ? 'consent.wrongLast' : 'consent.wrong', { n: left }), t('consent.wrongNext'))
      : words('E2040', t('consent.blocked'), t('consent.blockedNext'))
  }
  if (amt === BLOCKED) return words('E2040', t('consent.blocked'), t('consent.blockedNext'))
  if (amt === NOT_NOW) return words('E2032', t('consent.notNow'), t('consent.notNowNext'))
  return error
}

/** `given` is called when the PC has accepted a code. */
export function Consent({ device: { guid, name, connectionStatus: here }, given }: { device: Device; given?: () => void }) {
  const [often, setOften] = useState(false)
  const may = useMay()('consent')
  const features = useLoad(() => (here && may ? get<Features>(`/amt/features/${guid}`) : Promise.resolve(undefined)), [guid, here, may], often ? OFTEN : 10_000)
  const action = useAction()
  const [asked, setAsked] = useState<number>()
  const [accepted, setAccepted] = useState<number>()
  const [refused, setRefused] = useState<ApiError>()
  const [code, setCode] = useState('')
  const input = useRef<HTMLInputElement>(null)
  const state = features.data?.optInState ?? 0
  useEffect(() => setOften(state !== 0), [state])
  useEffect(() => { if (state === 0) setAsked(undefined) }, [state])
  if (!features.data || features.data.userConsent === 'none') return null
  const device = quoted(name || guid)
  const path = `/amt/userConsentCode/${guid}`
  const act = async (work: () => Promise<unknown>) => {
    setRefused(undefined)
    let no: ApiError | undefined
    const well = await action.run(() => work().catch((reason: unknown) => {
      no = refusal(asApiError(reason))
      throw no
    }))
    if (!well) setRefused(no)
    features.reload()
    return well
  }
  const request = async () => {
    if (!(await act(() => get(path)))) return
    setCode('')
    setAsked(Date.now())
  }
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const well = await act(() => post(path, { consentCode: code }))
    setCode('')
    // The button had the focus and lost it while it was disabled.
    if (!well) return input.current?.focus()
    setAsked(undefined)
    setAccepted(Date.now())
    given?.()
  }
  const withdraw = async () => {
    if (await act(() => get(`/amt/userConsentCode/cancel/${guid}`))) setAccepted(undefined)
  }
  const cancel = (
    <>
      <button type="button" disabled={action.busy} onClick={() => void withdraw()}>{t('consent.cancel')}</button>
      <Shells cli={`viaduct consent cancel ${device}`} method="GET" path={`/amt/userConsentCode/cancel/${guid}`} />
    </>
  )
  return (
    <section className="consent" aria-label={t('consent.title')}>
      <h2>{t('consent.title')}</h2>
      {state === 0 && (
        <>
          <p className="muted">{t('consent.about')}</p>
          <p className="actions">
            <button className="primary" disabled={action.busy} onClick={() => void request()}>{t('consent.request')}</button>
            <Shells cli={`viaduct consent request ${device}`} method="GET" path={path} />
          </p>
        </>
      )}
      {state > 0 && state < GIVEN && (
        <>
          {state < SHOWN && <p className="warn">{t('consent.notShown')}</p>}
          <form className="inline" onSubmit={(event) => void send(event)}>
            <label>
              {t('consent.text')}
              <input
                ref={input} name="code" inputMode="numeric" autoComplete="off" pattern="[0-9]{6}" maxLength={6} required autoFocus
                value={code} onChange={(event) => setCode(event.target.value.replace(/\D/g, ''))}
              />
            </label>
            <button className="primary" disabled={action.busy}>{t('consent.send')}</button>
            <Shells cli={`viaduct consent submit ${device} CODE`} method="POST" path={path} body={{ consentCode: 'CODE' }} />
            {cancel}
          </form>
          {asked !== undefined && features.data.optInDisplayTimeout && (
            <Countdown key={asked} until={asked + features.data.optInDisplayTimeout * 1000} words={(seconds) => t('consent.left', { seconds })} over={t('consent.over')} />
          )}
        </>
      )}
      {state >= GIVEN && (
        <>
          <p role="status" className="good">✓ {t('consent.sent')}</p>
          {state === GIVEN && accepted !== undefined && features.data.optInCodeTimeout && (
            <Countdown
              key={accepted} until={accepted + features.data.optInCodeTimeout * 1000}
              words={(seconds) => t('consent.unused', { seconds })} over={t('consent.lapsed')}
            />
          )}
          <p className="actions">{cancel}</p>
        </>
      )}
      {refused && <Failure error={refused} />}
    </section>
  )
}

function Countdown({ until, words, over }: { until: number; words: (seconds: number) => string; over: string }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  const seconds = Math.max(0, Math.ceil((until - now) / 1000))
  return <p className={seconds ? 'muted' : 'warn'} role="timer">{seconds ? words(seconds) : over}</p>
}
