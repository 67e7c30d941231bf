// PCs, die unbekannt anklopften.

import type { unclaimed as words } from '../en/unclaimed'

export const unclaimed: Record<keyof typeof words, string> = {
  'unclaimed.empty': 'Kein unbekannter PC hat angeklopft.',
  'unclaimed.approve': 'Aufnehmen',
  'unclaimed.block': 'Sperren',
  'unclaimed.times': '{n}-mal, zuletzt {when} von {address}',
  'unclaimed.issued': 'Geben Sie dem PC diesen Benutzer und dieses Kennwort; sie werden nicht noch einmal gezeigt:',
  'unclaimed.about': 'PCs, die diesen Server anriefen und hier nicht eingetragen sind. Nichts an ihnen ist bewiesen.',
  'unclaimed.emptyHint': 'Ein PC, der für diesen Server eingerichtet und hier nicht bekannt ist, erscheint hier von selbst.',
  'unclaimed.user': 'CIRA-Benutzer',
  'unclaimed.first': 'Zuerst',
  'unclaimed.last': 'Zuletzt',
  'unclaimed.count': 'Wie oft',
  'unclaimed.ignore': 'Übergehen',
  'unclaimed.blocked': 'Er wird ab jetzt abgewiesen.',
  'unclaimed.forgotten': 'Vergessen, bis er wieder anklopft.',
  'unclaimed.taken': '{name} ist aufgenommen',
  'unclaimed.known': 'Er zeigte jedes Mal dieselben Zugangsdaten; die gelten ab jetzt. Sobald er sich wieder einwählt, ist er da.',
  'unclaimed.open': 'Öffnen',
  'unclaimed.password': 'CIRA-Kennwort, das der PC hat',
  'unclaimed.passwordHint': 'Leer lassen, um anzunehmen, was der PC zeigt. Zeigte er mehrere, so entsteht ein neues und wird einmal gezeigt.'
}
