// What a form holds while it is filled in, so that the command beside it is the one of what is typed.

import { useState, type FormEvent } from 'react'

export interface Filled {
  onInput: (event: FormEvent<HTMLFormElement>) => void
  /** What a field holds, without blanks around it; before anything was typed, what it begins with. */
  text: (name: string, begins?: string) => string
  ticked: (name: string) => boolean
  file: (name: string) => File | undefined
}

export function useFilled(): Filled {
  const [data, setData] = useState<FormData>()
  return {
    onInput: (event) => setData(new FormData(event.currentTarget)),
    text: (name, begins = '') => (data ? String(data.get(name) ?? '').trim() : begins),
    ticked: (name) => data?.has(name) ?? false,
    file: (name) => {
      const file = data?.get(name)
      return file instanceof File && file.name ? file : undefined
    }
  }
}
