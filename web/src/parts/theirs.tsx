// A text in the reader's words, or the server's own, English one.

import { language } from '../i18n'

export function Theirs({ ours, text }: { ours: string | undefined; text: string }) {
  if (ours !== undefined) return <>{ours}</>
  return language() === 'en' ? <>{text}</> : <q lang="en">{text}</q>
}
