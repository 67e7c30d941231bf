// Short words about what was just done; read out by screen readers, gone by themselves.

import { useSyncExternalStore } from 'react'
import { t } from '../i18n'

type Kind = 'done' | 'problem'
interface Note {
  id: number
  text: string
  kind: Kind
}

/** Good news goes by itself; a problem waits to be read. */
const SHOWN = 5_000

let notes: readonly Note[] = []
let last = 0
const listeners = new Set<() => void>()

function set(next: readonly Note[]) {
  notes = next
  listeners.forEach((tell) => tell())
}

const drop = (id: number) => set(notes.filter((note) => note.id !== id))

export function toast(text: string, kind: Kind = 'done') {
  const id = ++last
  set([...notes.slice(-3), { id, text, kind }])
  if (kind === 'done') setTimeout(() => drop(id), SHOWN)
}

export function Toasts() {
  const shown = useSyncExternalStore((tell) => (listeners.add(tell), () => void listeners.delete(tell)), () => notes)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, kind }) => (
        <p key={id} className={`toast ${kind}`}>
          <span>{text}</span>
          <button type="button" className="small" onClick={() => drop(id)} aria-label={t('common.close')}>✕</button>
        </p>
      ))}
    </div>
  )
}
