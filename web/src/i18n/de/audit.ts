// Wer was getan hat.

import type { audit as words } from '../en/audit'

export const audit: Record<keyof typeof words, string> = {
  'audit.empty': 'Noch ist nichts aufgezeichnet.',
  'audit.nothing': 'Keine Zeile passt zu diesen Filtern.',
  'audit.actor': 'Wer',
  'audit.action': 'Aktion',
  'audit.device': 'Gerät (UUID)',
  'audit.result': 'Ergebnis',
  'audit.detail': 'Einzelheiten',
  'audit.since': 'von',
  'audit.until': 'bis',
  'audit.result.intent': 'begonnen',
  'audit.result.done': 'getan',
  'audit.result.failed': 'misslungen',
  'audit.result.unknown': 'unbekannt',
  'audit.newer': 'Neuere',
  'audit.older': 'Ältere',
  'audit.rows': '{from} bis {to} von {all}',
  'audit.verify': 'Prüfen',
  'audit.whole': 'Das Protokoll ist unversehrt: {n} Zeilen.',
  'audit.broken': 'Zeile {seq} ist nicht, wie sie geschrieben wurde: {why}'
}
