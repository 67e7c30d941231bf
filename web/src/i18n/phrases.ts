// What the server says as a text, without a name for it: found again by its form, so that what it once wrote down has words too.

import { language } from '.'
import { phrases as de } from './de/phrases'

const WORDS: Partial<Record<string, Record<string, string>>> = { de }
const forms: Partial<Record<string, [RegExp, string[], string][]>> = {}

function formsOf(spoken: string): [RegExp, string[], string][] {
  return (forms[spoken] ??= Object.entries(WORDS[spoken] ?? {})
    // Those with the most words of their own first: `{user} ended it` would take many others.
    .sort(([one], [other]) => fixed(other) - fixed(one))
    .map(([theirs, ours]) => {
      const parts = theirs.split(/\{(\w+)\}/)
      const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      const names = parts.filter((_, at) => at % 2 === 1)
      return [new RegExp(`^${parts.map((part, at) => (at % 2 ? '(.+?)' : literal(part))).join('')}$`, 's'), names, ours]
    }))
}

const fixed = (theirs: string) => theirs.replace(/\{\w+\}/g, '').length

/** The same in the reader's words, or nothing when none are known for it. */
export function phrase(text: string): string | undefined {
  for (const [form, names, ours] of formsOf(language())) {
    const found = form.exec(text)
    if (found) return ours.replace(/\{(\w+)\}/g, (whole, name: string) => found[names.indexOf(name) + 1] ?? whole)
  }
  return undefined
}
