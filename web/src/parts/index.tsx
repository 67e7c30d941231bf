// Small parts that many pages share.

import { useEffect, useRef, useState, type ReactNode } from 'react'
import type { ApiError } from '../api'
import { exactly, t, when, type Key } from '../i18n'
import type { Loaded } from '../state'

export function Heading({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} - Viaduct`
  }, [title])
  return <header className="heading"><h1>{title}</h1><div className="actions">{children}</div></header>
}

/** What happened, why, and what to do next, in the server's words where it has some. */
export function Failure({ error, retry }: { error: ApiError; retry?: () => void }) {
  const own = `error.${error.status}` as Key
  const known = ['error.0', 'error.403', 'error.404', 'error.504'].includes(own)
  return (
    <div role="alert" className="failure">
      <p>
        <strong>{error.problem.title && error.status !== 0 ? error.problem.title : known ? t(own) : error.message}</strong>
        {error.problem.code && <code> {error.problem.code}</code>}
      </p>
      {error.problem.detail && error.problem.detail !== error.problem.title && <p>{error.problem.detail}</p>}
      {error.problem.next && <p className="muted">→ {error.problem.next}</p>}
      {retry && <button onClick={retry}>{t('common.retry')}</button>}
    </div>
  )
}

/** Loading, failed, or there. Old data stays visible under an error. */
export function Await<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ReactNode }) {
  return (
    <>
      {of.error && <Failure error={of.error} retry={of.reload} />}
      {of.data !== undefined ? children(of.data) : of.loading && <p className="muted">{t('common.loading')}</p>}
    </>
  )
}

export function Time({ at }: { at: string | null | undefined }) {
  return <time dateTime={at ?? undefined} title={exactly(at)}>{when(at)}</time>
}

export function StateMark({ connected, blocked }: { connected: boolean; blocked?: boolean }) {
  const [mark, key] = blocked
    ? (['◐', 'state.blocked'] as const)
    : connected
      ? (['●', 'state.connected'] as const)
      : (['○', 'state.away'] as const)
  return <span className={`state ${key.slice(6)}`}><span aria-hidden="true">{mark}</span> {t(key)}</span>
}

export function Copy({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return <button className="small" title={text} onClick={() => void copy()}>{copied ? t('common.copied') : label}</button>
}

/** The same deed for a shell. */
export function Shells({ cli, method, path, body }: { cli: string; method: string; path: string; body?: unknown }) {
  const data = body === undefined ? '' : ` -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`
  const curl = `curl -X ${method} -H "Authorization: Bearer $VIADUCT_TOKEN"${data} ${location.origin}/api/v1${path}`
  return <><Copy text={cli} label={t('common.asCli')} /> <Copy text={curl} label={t('common.asCurl')} /></>
}

export function Dialog({ title, close, children }: { title: string; close: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = ref.current
    dialog?.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog ref={ref} aria-label={title} onCancel={close}>
      <h2>{title}</h2>
      {children}
    </dialog>
  )
}

export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value ?? '–'}</dd></div>
      ))}
    </dl>
  )
}
