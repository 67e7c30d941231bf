// Die serielle Konsole.

import type { terminal as words } from '../en/terminal'

export const terminal: Record<keyof typeof words, string> = {
  'terminal.connect': 'Terminal öffnen',
  'terminal.download': 'Verlauf speichern'
}
