// A question over the page. Escape and the backdrop of a phone close it like its own button does.

import { useEffect, useRef, type ReactNode } from 'react'

export function Dialog({ title, close, children }: { title: string; close: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = ref.current
    dialog?.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog ref={ref} aria-label={title} onCancel={(event) => { event.preventDefault(); close() }}>
      <h2>{title}</h2>
      {children}
    </dialog>
  )
}
