// What a device answers: how it is asked, and how values are shown that nobody has words for.

import type { ReactNode } from 'react'
import { get } from '../../api'
import { t } from '../../i18n'
import { Await, Empty, Facts } from '../../parts'
import { useLoad } from '../../state'

export type Fields = Record<string, unknown>

/** Values as people read them; lists and objects are folded open. */
export function Value({ value }: { value: unknown }): ReactNode {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'boolean') return value ? t('common.yes') : t('common.no')
  if (Array.isArray(value)) {
    if (value.every((v) => typeof v !== 'object')) return value.join(', ') || t('common.none')
    return <ol>{value.map((v, at) => <li key={at}><Value value={v} /></li>)}</ol>
  }
  if (typeof value === 'object') {
    return <Facts rows={Object.entries(value as Fields).map(([name, v]) => [name, <Value key={name} value={v} />])} />
  }
  return String(value)
}

/** Asks the device; an answer without content says why it may be so. */
export function Answer<T>({ path, empty, children }: { path: string; empty?: string; children: (data: T) => ReactNode }) {
  const answer = useLoad(() => get<T>(path), [path])
  return (
    <Await of={answer}>
      {(data) => data === null || (Array.isArray(data) && data.length === 0)
        ? <Empty title={empty ?? t('common.none')} />
        : children(data)}
    </Await>
  )
}

/** Under the words for people: all there is, for those who look for more. */
export function Raw({ value }: { value: unknown }) {
  return <details className="raw"><summary>{t('answers.raw')}</summary><Value value={value} /></details>
}

/** A fact that is left out when the device does not tell it. */
export function known(name: string, value: ReactNode): [string, ReactNode][] {
  return value === undefined || value === null || value === '' ? [] : [[name, value]]
}
