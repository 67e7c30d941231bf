// Wer Bildschirme, Terminals und Laufwerke nutzt.

import type { redirections as words } from '../en/redirections'

export const redirections: Record<keyof typeof words, string> = {
  'redirections.empty': 'Zur Zeit nutzt niemand Bildschirm, Terminal oder Laufwerk.',
  'redirections.end': 'Beenden',
  'redirections.emptyHint': 'Öffnen Sie einen PC und zeigen Sie seinen Bildschirm, sein Terminal oder seine Medien.',
  'redirections.ended': 'Die Sitzung von {user} auf {name} ist beendet.',
  'redirections.mode': 'Was',
  'redirections.mode.kvm': 'Bildschirm',
  'redirections.mode.sol': 'Terminal',
  'redirections.mode.ider': 'Laufwerk',
  'redirections.mode.wsman': 'WS-Man',
  'redirections.from': 'Von',
  'redirections.since': 'Seit',
  'redirections.idle': 'Untätig',
  'redirections.seconds': '{n} s'
}
