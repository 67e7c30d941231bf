// Die serielle Konsole.

import type { terminal as words } from '../en/terminal'

export const terminal: Record<keyof typeof words, string> = {
  'terminal.connect': 'Terminal öffnen',
  'terminal.hint': 'Zeigt, was der PC auf seine serielle Konsole gibt: BIOS, Bootlader, ein dafür eingerichtetes System.',
  'terminal.wayOut': 'Solange das Terminal den Fokus hat, gehen die Tasten an den PC, auch Tab. Strg+Alt+Umschalt gibt die Tastatur zurück.',
  'terminal.download': 'Verlauf speichern',
  'terminal.keys': 'Tasten …',
  'terminal.keys.bios': 'Für BIOS und Bootloader (VT100+)',
  'terminal.keys.system': 'Für ein laufendes System (xterm)',
  'terminal.copy': 'Text kopieren',
  'terminal.copied': 'Die Auswahl ist kopiert.',
  'terminal.copiedAll': 'Der ganze Text ist kopiert.',
  'terminal.notFound': '„{words}“ gibt es nicht.',
  'terminal.previous': 'Früheres suchen',
  'terminal.next': 'Späteres suchen',
  'terminal.size': 'Spalten und Zeilen',
  'terminal.fit': 'so groß wie es passt',
  'terminal.font': 'Schriftgröße'
}
