// A text in the reader's words, or the server's own, English one.

import { language } from '../i18n'
import { phrase } from '../i18n/phrases'

export function Theirs({ ours, text }: { ours: string | undefined; text: string }) {
  const words = ours ?? phrase(text)
  if (words !== undefined) return <>{words}</>
  return language() === 'en' ? <>{text}</> : <q lang="en">{text}</q>
}
