// PCs, die unbekannt anklopften.

import type { unclaimed as words } from '../en/unclaimed'

export const unclaimed: Record<keyof typeof words, string> = {
  'unclaimed.empty': 'Kein unbekannter PC hat angeklopft.',
  'unclaimed.approve': 'Aufnehmen',
  'unclaimed.block': 'Sperren',
  'unclaimed.times': '{n}-mal, zuletzt {when} von {address}',
  'unclaimed.issued': 'Geben Sie dem PC diese Zugangsdaten; sie werden nicht noch einmal gezeigt:'
}
