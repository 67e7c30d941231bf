// Wer Bildschirme, Terminals und Laufwerke nutzt.

import type { redirections as words } from '../en/redirections'

export const redirections: Record<keyof typeof words, string> = {
  'redirections.empty': 'Zur Zeit nutzt niemand Bildschirm, Terminal oder Laufwerk.',
  'redirections.end': 'Beenden'
}
