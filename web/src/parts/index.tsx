// Small parts that many pages share. Charts are not among them: only pages that draw some load the library.

import { useEffect, type ReactNode } from 'react'
import { exactly, t, when } from '../i18n'

export { Allowed } from './allowed'
export { asApiError, useAction } from './action'
export { Dialog } from './dialog'
export { csv, download } from './download'
export { useFilled, type Filled } from './filled'
export { Copy, Deed, curlOf, quoted, Shells } from './shells'
export { Await, Empty, Failure, inWords, Loading } from './states'
export { Table, useQuery, type Column } from './table'
export { toast } from './toast'

export function Heading({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} - Viaduct`
  }, [title])
  return <header className="heading"><h1>{title}</h1><div className="actions">{children}</div></header>
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

export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value ?? '–'}</dd></div>
      ))}
    </dl>
  )
}
