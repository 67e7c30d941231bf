// The same deed for a shell.

import { useState, type ReactNode } from 'react'
import { t } from '../i18n'
import { toast } from './toast'

/** `of`: what it is about, for who does not see beside what it stands. */
export function Copy({ text, label, of }: { text: string; label?: string; of?: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      toast(t('common.copyFailed', { text }), 'problem')
      return
    }
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <button type="button" className="small" title={text} onClick={() => void copy()}>
      <span aria-live="polite">{copied ? t('common.copied') : (label ?? t('common.copy'))}</span>
      {of && <span className="only-read">: {of}</span>}
    </button>
  )
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Words that a dash at their beginning does not make options. */
export const operands = (...words: string[]): string =>
  (words.some((word) => word.startsWith('-')) ? '-- ' : '') + words.map(quoted).join(' ')

export interface Request {
  method: string
  path: string
  body?: unknown
}

const bodyOf = ({ body }: Request) => (body === undefined ? undefined : JSON.stringify(body))

export function curlOf({ method, path, body }: Request): string {
  const data = body === undefined ? '' : ` -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`
  return `curl -X ${method} -H "Authorization: Bearer $VIADUCT_TOKEN"${data} ${quoted(`${location.origin}/api/v1${path}`)}`
}

/** A deed with its commands, framed where several stand side by side. */
export const Deed = ({ children }: { children: ReactNode }) => <span className="deed">{children}</span>

/**
 * "Copy as CLI" and "copy as curl". Secrets never belong in `cli` or `body`; name a file or variable. A deed of several
 * requests names those that follow in `then`. Where several stand on a page, `of` says of what they are.
 */
export function Shells({ cli, of, then = [], ...request }: { cli: string; of?: string; then?: Request[] } & Request) {
  return (
    <span className="shells" data-method={request.method} data-path={request.path} data-body={bodyOf(request)} data-cli={cli}>
      <Copy text={cli} label={t('common.asCli')} of={of} /> <Copy text={[request, ...then].map(curlOf).join('\n')} label={t('common.asCurl')} of={of} />
      {then.map((one) => <span key={one.path} hidden className="shells" data-method={one.method} data-path={one.path} data-body={bodyOf(one)} data-cli={cli} />)}
    </span>
  )
}
