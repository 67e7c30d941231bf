// A question over the page. Escape and the backdrop of a phone close it like its own button does.

import { useLayoutEffect, useRef, type ReactNode } from 'react'

export function Dialog({ title, close, children }: { title: string; close: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null)
  // Before the page is drawn, and before the dialog leaves it: later nobody knows any more where the focus was.
  useLayoutEffect(() => {
    const dialog = ref.current
    const before = document.activeElement
    dialog?.showModal()
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog ref={ref} aria-label={title} onCancel={(event) => { event.preventDefault(); close() }}>
      <h2>{title}</h2>
      {children}
    </dialog>
  )
}
