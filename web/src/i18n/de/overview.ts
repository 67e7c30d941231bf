// Der Bestand auf einen Blick.

import type { overview as words } from '../en/overview'

export const overview: Record<keyof typeof words, string> = {
  'overview.known': 'bekannte PCs',
  'overview.connected': 'verbunden',
  'overview.away': 'nicht da',
  'overview.unclaimed': 'unbekannte',
  'overview.channels': 'offene Kanäle',
  'overview.traffic': 'von PCs / zu PCs',
  'overview.attention': 'Braucht Aufmerksamkeit',
  'overview.allwell': 'Alles in Ordnung.',
  'overview.certificates': 'Zertifikate',
  'overview.ends': '{listener}: {subject} endet in {days} Tagen',
  'overview.notback': 'Zur Zeit nicht da',
  'overview.recent': 'Was geschah',
  'overview.quiet': 'Seit diese Seite offen ist, ist nichts geschehen.'
}
