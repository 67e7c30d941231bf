// What the server's codes say: in other languages than its own, English, and where it sends a code without its words.

import { language } from '.'
import { de } from './de/problems'
import { en } from './en/problems'

export interface Words {
  title: string
  next: string
}

const WORDS: Record<string, Record<string, readonly [string, string]>> = { de, en }

const wordsOf = (code: string | undefined): Words | undefined => {
  const words = code === undefined ? undefined : WORDS[language()]?.[code]
  return words && { title: words[0], next: words[1] }
}

/** Instead of the server's own words, where those are in another language. */
export const problemWords = (code: string | undefined) => (language() === 'en' ? undefined : wordsOf(code))

/** Where the server sent the code alone. */
export const closeWords = wordsOf
