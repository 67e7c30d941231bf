// The same deed for a shell.

import { useState } from 'react'
import { t } from '../i18n'
import { toast } from './toast'

export function Copy({ text, label }: { text: string; label?: string }) {
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
    </button>
  )
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

export interface Request {
  method: string
  path: string
  body?: unknown
}

export function curlOf({ method, path, body }: Request): string {
  const data = body === undefined ? '' : ` -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`
  return `curl -X ${method} -H "Authorization: Bearer $VIADUCT_TOKEN"${data} ${quoted(`${location.origin}/api/v1${path}`)}`
}

/**
 * "Copy as CLI" and "copy as curl". Secrets never belong in `cli` or `body`; name a file or variable. What has no command
 * yet is left to curl. A deed of several requests names those that follow in `then`.
 */
export function Shells({ cli, then = [], ...request }: { cli?: string; then?: Request[] } & Request) {
  return (
    <span className="shells" data-method={request.method} data-path={request.path} data-cli={cli}>
      {cli && <Copy text={cli} label={t('common.asCli')} />} <Copy text={[request, ...then].map(curlOf).join('\n')} label={t('common.asCurl')} />
      {then.map(({ method, path }) => <span key={path} hidden className="shells" data-method={method} data-path={path} />)}
    </span>
  )
}
