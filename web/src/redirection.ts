// What screen and terminal share: a one-time right, the socket, and why it ended.

import { AMTRedirector, type RedirectorConfig } from '@device-management-toolkit/ui-toolkit/core'
import { get } from './api'
import { isKey, t } from './i18n'

export type Mode = 'kvm' | 'sol'

export async function redirector(mode: Mode, guid: string, ports: number[]): Promise<AMTRedirector> {
  const { token } = await get<{ token: string }>(`/authorize/redirection/${guid}`)
  const config: RedirectorConfig = {
    mode,
    protocol: mode === 'kvm' ? 2 : 1,
    fr: new FileReader(),
    host: guid,
    port: ports.includes(16994) || !ports.includes(16995) ? 16994 : 16995,
    user: '',
    pass: '',
    tls: 0,
    tls1only: 0,
    authToken: token,
    server: `${location.protocol.replace('http', 'ws')}//${location.host}/relay`
  }
  return new AMTRedirector(config)
}

/** The connection broke without a word. */
const BROKEN = 1006

/** Calls `tell` with why the socket closed, in words; with nothing when there is nothing to say. */
export function onClosed(source: AMTRedirector, tell: (reason: string) => void) {
  source.socket?.addEventListener('close', (event: CloseEvent) => tell(words(event.code, event.reason)))
}

/** The server's reasons are a code and a sentence; those of the code are in the reader's language. */
function words(code: number, reason: string): string {
  if (code === BROKEN) return t('closed.lost')
  const [, name, detail] = /^(E\d{4}) (.*)$/s.exec(reason) ?? []
  const key = `closed.${name}`
  return isKey(key) ? `${t(key, { detail: detail ?? '' })} (${name})` : reason
}
