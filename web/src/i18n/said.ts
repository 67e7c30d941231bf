// What the server says by name, in the reader's language. Without words of ours its own, English text stands, marked as such.

import { duration, exactly, inDays, language, locale, size } from '.'
import * as de from './de/said'
import { wordOf } from './happened'
import { phrase } from './phrases'
import { listenerName } from '../parts/certificate'

export interface Said {
  key: string
  values?: Record<string, string | number>
}

const WORDS: Partial<Record<string, typeof de>> = { de }

function fill(text: string, values: Said['values'] = {}): string {
  const filled = text.replace(/\{(\w+)(?::(\w+))?\}/g, (whole, name: string, how?: string) => {
    const value = values[name]
    const words = WORDS[language()]
    if (value === undefined) return how === 'alert' || how === 'sure' ? '' : whole
    switch (how) {
      case 'span': return duration(Number(value))
      case 'size': return size(Number(value))
      case 'days': return inDays(Number(value))
      case 'time': return exactly(String(value))
      case 'right': return wordOf('action', value)
      // Inside of a sentence, so without the end of its own.
      case 'phrase': return (phrase(String(value)) ?? String(value)).replace(/\.$/, '')
      case 'end': return wordOf('end', value)
      case 'at': return listenerName(String(value))
      case 'alert': return words?.alerts[value] ?? `TLS ${value}`
      case 'sure': return words?.sureness[value] ?? String(value)
      default: return typeof value === 'number' ? value.toLocaleString(locale()) : value
    }
  })
  // An abbreviated unit brings its own full stop.
  return filled.replace(/\.\.$/, '.')
}

/** All of these sentences, or nothing when one of them has no words. */
export function sayAll(said: Said[] | undefined): string | undefined {
  const words = WORDS[language()]
  if (!words || !said?.length) return undefined
  const texts = said.map(({ key, values }) => {
    const text = words.sentences[key]
    return text === undefined ? undefined : fill(text, values)
  })
  return texts.every((one) => one !== undefined) ? texts.join(' ') : undefined
}

export const say = (said: Said | undefined | null) => sayAll(said ? [said] : undefined)

/** A cause and what to try. */
export function cause(said: Said | undefined | null): { likely: string; next: string[] } | undefined {
  const [likely, ...next] = (said && WORDS[language()]?.causes[said.key]) || []
  return likely === undefined ? undefined : { likely: fill(likely, said?.values), next: next.map((step) => fill(step, said?.values)) }
}

export const remedy = (name: string) => WORDS[language()]?.remedies[name]
export const topic = (about: string) => WORDS[language()]?.topics[about] ?? about
