// Loading, failed, empty, or there.

import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { ApiError, UNREADABLE } from '../api'
import { isKey, t } from '../i18n'
import { problemWords } from '../i18n/problems'
import { phrase } from '../i18n/phrases'
import { say } from '../i18n/said'
import type { Loaded } from '../state'
import { Readable } from './boundary'

/** What AMT, a person or this page says is not the server's general text. */
const general = (error: ApiError) => (error.problem.detail ? problemWords(error.problem.code) : undefined)

function titleOf(error: ApiError): string {
  const own = `error.${error.status}`
  return general(error)?.title ?? (error.status !== 0 && error.problem.title ? error.problem.title : isKey(own) ? t(own) : error.message)
}

/** The same in a line, for lists and notes. */
export function inWords(error: ApiError): string {
  const { detail, said } = error.problem
  const ours = say(said) ?? (detail && phrase(detail))
  return general(error) ? [titleOf(error), ours].filter(Boolean).join(': ') : (detail ?? titleOf(error))
}

/** What happened, why, and what to do next, in the server's words where it has some. */
export function Failure({ error, retry }: { error: ApiError; retry?: () => void }) {
  const words = general(error)
  const title = titleOf(error)
  return (
    <div role="alert" className="failure">
      <p>
        <strong>{title}</strong>
        {error.problem.code && <code> {error.problem.code}</code>}
      </p>
      {error.problem.detail && error.problem.detail !== error.problem.title && (
        words ? <Detail text={error.problem.detail} ours={say(error.problem.said) ?? phrase(error.problem.detail)} /> : <p>{error.problem.detail}</p>
      )}
      {error.problem.next && <p className="muted">→ {words?.next ?? error.problem.next}</p>}
      {error.problem.unsure && <p>{t('error.unsure')}</p>}
      {error.problem.right && <p><Link href={`/permissions?right=${encodeURIComponent(error.problem.right)}`}>{t('permissions.whyNot')}</Link></p>}
      {retry && <button onClick={retry}>{t('common.retry')}</button>}
    </div>
  )
}

/** What happened in the reader's words where there are some; the server's own, English ones are a click away. */
function Detail({ text, ours }: { text: string; ours: string | undefined }) {
  return (
    <>
      {ours && <p>{ours}</p>}
      <details open={!ours}>
        <summary>{t('error.servers')}</summary>
        <p><q lang="en">{text}</q></p>
      </details>
    </>
  )
}

export function Loading() {
  return <p className="muted loading" role="status">{t('common.loading')}</p>
}

/** Loading, failed, or there. Old data stays visible under an error; data of another form than asked for is such an error. */
export function Await<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ReactNode }) {
  return (
    <>
      {/* That the server is away is said once for all, above what was known before. */}
      {of.error && !(of.error.status === 0 && of.data !== undefined) && <Failure error={of.error} retry={of.reload} />}
      {of.data !== undefined
        ? <Readable data={of.data} broken={<Failure error={new ApiError(UNREADABLE, {})} retry={of.reload} />}><Shown data={of.data}>{children}</Shown></Readable>
        : of.loading && <Loading />}
    </>
  )
}

function Shown<T>({ data, children }: { data: T; children: (data: T) => ReactNode }) {
  return <>{children(data)}</>
}

/** Nothing there: says why, and what one can do. */
export function Empty({ title, hint, children }: { title: string; hint?: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p><strong>{title}</strong></p>
      {hint && <p className="muted">{hint}</p>}
      {children && <div className="actions">{children}</div>}
    </div>
  )
}
