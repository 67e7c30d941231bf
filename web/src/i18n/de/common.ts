// Wörter, die viele Seiten brauchen.

import type { common as words } from '../en/common'

export const common: Record<keyof typeof words, string> = {
  'state.connected': 'verbunden',
  'state.away': 'nicht da',
  'state.blocked': 'gesperrt',
  'common.loading': 'Lädt …',
  'common.retry': 'Noch einmal',
  'common.cancel': 'Abbrechen',
  'common.close': 'Schließen',
  'common.copy': 'Kopieren',
  'common.copied': 'Kopiert',
  'common.asCli': 'Als Befehl kopieren',
  'common.asCurl': 'Als curl kopieren',
  'common.never': 'nie',
  'common.none': 'keine',
  'common.show': 'Zeigen',
  'common.search': 'Suchen',
  'common.yes': 'ja',
  'common.no': 'nein',
  'common.all': 'alle',
  'common.copyFailed': 'Der Browser lässt diese Seite nicht kopieren. Der Text: {text}',
  'common.save': 'Speichern',
  'common.export': 'Exportieren',
  'chart.time': 'Zeit',
  'chart.table': 'Als Tabelle',
  'common.actions': 'Aktionen'
}
