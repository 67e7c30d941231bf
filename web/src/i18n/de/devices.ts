// Die Liste der Geräte.

import type { devices as words } from '../en/devices'

export const devices: Record<keyof typeof words, string> = {
  'devices.empty': 'Noch ist kein PC bekannt.',
  'devices.emptyHint': 'Nehmen Sie einen auf: `viaduct enroll lan ADRESSE` oder `viaduct devices add NAME --guid UUID`. Ohne PC zur Hand bringt `viaduct demo` simulierte.',
  'devices.nothing': 'Kein PC passt zu diesen Filtern.',
  'devices.count': '{shown} von {all}',
  'devices.filter.all': 'alle',
  'devices.name': 'Name',
  'devices.state': 'Zustand',
  'devices.firmware': 'AMT',
  'devices.address': 'Adresse',
  'devices.labels': 'Etiketten',
  'devices.seen': 'Zuletzt gesehen',
  'devices.selected': '{n} gewählt',
  'devices.bulk': 'Strom für die Auswahl',
  'devices.bulkConfirm': 'Das betrifft {n} PCs. Geben Sie {n} ein, um fortzufahren.',
  'devices.bulkDone': '{ok} erledigt, {failed} fehlgeschlagen'
}
