// What the server's codes say in other languages than its own, English; what is not here is shown as the server says it.

import { language } from '.'
import { de } from './de/problems'

export interface Words {
  title: string
  next: string
}

const WORDS: Partial<Record<string, Record<string, readonly [string, string]>>> = { de }

export function problemWords(code: string | undefined): Words | undefined {
  const words = code === undefined ? undefined : WORDS[language()]?.[code]
  return words && { title: words[0], next: words[1] }
}
