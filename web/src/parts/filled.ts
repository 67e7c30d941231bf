// What a form holds while it is filled in, so that the command beside it is the one of what is typed.

import { useState, type FormEvent } from 'react'

export interface Filled {
  /**
   * For the form. Not `onInput`: a select tells of its choice first as input, and drawn anew then, with what was chosen
   * before, it would have that again when it tells of the change.
   */
  watch: { onChange: (event: FormEvent<HTMLFormElement>) => void; onReset: () => void }
  /** What a field holds, without blanks around it; before anything was typed, what it begins with. */
  text: (name: string, begins?: string) => string
  ticked: (name: string) => boolean
  file: (name: string) => File | undefined
}

export function useFilled(): Filled {
  const [data, setData] = useState<FormData>()
  return {
    watch: { onChange: (event) => setData(new FormData(event.currentTarget)), onReset: () => setData(undefined) },
    text: (name, begins = '') => (data ? String(data.get(name) ?? '').trim() : begins),
    ticked: (name) => data?.has(name) ?? false,
    file: (name) => {
      const file = data?.get(name)
      return file instanceof File && file.name ? file : undefined
    }
  }
}
