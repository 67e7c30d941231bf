// What screen and terminal share: a one-time right, the socket, and why it ended.

import { AMTRedirector, type RedirectorConfig } from '@device-management-toolkit/ui-toolkit/core'
import { get } from './api'

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

/** Calls `tell` with the reason the server gave when the socket closes. */
export function onClosed(source: AMTRedirector, tell: (reason: string) => void) {
  source.socket?.addEventListener('close', (event: CloseEvent) => tell(event.reason))
}
