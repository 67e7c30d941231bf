// What screen and terminal share: a one-time right, the socket, and why it ended.

import { AMTRedirector, type RedirectorConfig } from '@device-management-toolkit/ui-toolkit/core'
import { get } from './api'
import { t } from './i18n'

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

/** The relay's address has no word of the toolkit for this, so the socket adds it. */
class TakingOver extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(`${String(url)}&takeover=1`, protocols)
  }
}

/** Opens the socket; whoever has the place loses it when `takeOver`. */
export function begin(source: AMTRedirector, takeOver: boolean) {
  source.start(takeOver ? TakingOver : WebSocket)
}

/** The connection broke without a word. */
const BROKEN = 1006

/** A browser that halts a page cuts its sockets, which the page learns within this, in milliseconds, after its return. */
const THAW = 10_000
let thawed = -THAW
document.addEventListener('resume', () => { thawed = performance.now() })

/**
 * Calls `tell` with why the socket closed: the server's code and sentence, or words for a connection that broke; and
 * whether that is because the browser had halted the page, so that it may be opened anew without being asked.
 */
export function onClosed(source: AMTRedirector, tell: (reason: string, halted: boolean) => void) {
  source.socket?.addEventListener('close', ({ code, reason }: CloseEvent) => {
    if (code !== BROKEN) return tell(reason, false)
    const halted = performance.now() - thawed < THAW
    thawed = -THAW
    tell(t('closed.lost'), halted)
  })
}
