// A button that opens a small box under it; Escape, and going elsewhere, closes it.

import { useRef, type ReactNode } from 'react'

export function Menu({ title, children }: { title: string; children: ReactNode }) {
  const ref = useRef<HTMLDetailsElement>(null)
  const close = () => { if (ref.current) ref.current.open = false }
  return (
    <details
      className="menu" ref={ref}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !ref.current?.open) return
        close()
        ref.current.querySelector('summary')?.focus()
      }}
      onBlur={(event) => { if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) close() }}
    >
      <summary>{title}</summary>
      <div className="popup">{children}</div>
    </details>
  )
}
