// What the server says as a text, without a name for it: found again by its form, so that what it once wrote down has words too.

import { language } from '.'
import { audited } from './de/audited'
import { phrases as de } from './de/phrases'

type Words = Partial<Record<string, Record<string, string>>>
const WORDS: Words = { de }
/** Of the audit log: too short to be looked for among everything that is said. */
const AUDITED: Words = { de: audited }

const NONE = {}

type Form = [RegExp, string[], string]
const forms = new Map<Record<string, string>, Form[]>()

function formsOf(words: Record<string, string>): Form[] {
  const known = forms.get(words)
  if (known) return known
  const made = Object.entries(words)
    // Those with the most words of their own first: `{user} ended it` would take many others.
    .sort(([one], [other]) => fixed(other) - fixed(one))
    .map(([theirs, ours]): Form => {
      const parts = theirs.split(/\{(\w+)\}/)
      const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      const names = parts.filter((_, at) => at % 2 === 1)
      return [new RegExp(`^${parts.map((part, at) => (at % 2 ? '(.+?)' : literal(part))).join('')}$`, 's'), names, ours]
    })
  forms.set(words, made)
  return made
}

const fixed = (theirs: string) => theirs.replace(/\{\w+\}/g, '').length

/** The same in the reader's words, or nothing when none are known for it. */
export const phrase = (text: string) => among(WORDS, text)

/** What the audit log says somebody did. */
export const auditPhrase = (text: string) => among(AUDITED, text)

function among(all: Words, text: string): string | undefined {
  for (const [form, names, ours] of formsOf(all[language()] ?? NONE)) {
    const found = form.exec(text)
    if (found) return ours.replace(/\{(\w+)\}/g, (whole, name: string) => found[names.indexOf(name) + 1] ?? whole)
  }
  return undefined
}
