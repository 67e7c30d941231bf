// Events in the reader's words, made of their facts; an event that nobody has words for says its own, English text.

import { isKey, t } from '.'
import { phrase } from './phrases'
import { problemWords } from './problems'
import type { Happening } from '../state'

/** The words of this name in a family, or the name itself. */
export function wordOf(family: string, name: unknown): string {
  const key = `${family}.${String(name)}`
  return isKey(key) ? t(key) : String(name ?? '')
}

export const eventType = (type: string | undefined) => wordOf('event', type)

export function happened(event: Happening): string {
  const fact = (name: string) => String(event[name] ?? '')
  const values = {
    address: fact('address'), detail: phrase(fact('detail')) ?? fact('detail'), user: fact('user'), port: fact('port'), count: fact('count'), seconds: fact('seconds'),
    trigger: wordOf('trigger', event['trigger']), reason: wordOf('end', event['reason']), mode: wordOf('mode', event['reason'])
  }
  const own = event.text ?? event.type ?? ''
  if (event.type === 'command.ended') {
    const command = wordOf('command', event['reason'])
    const code = fact('code')
    return code
      ? t('happened.command.failed', { ...values, command, why: `${problemWords(code)?.title ?? ''} (${code})`.trim() })
      : t('happened.command.done', { ...values, command })
  }
  if (event.type === 'redirection.ended') {
    return t(values.detail ? 'happened.redirection.ended' : 'happened.redirection.endedPlain', values)
  }
  const key = `happened.${event.type}`
  return isKey(key) ? t(key, values) : own
}
