// Die Liste der Geräte.

import type { devices as words } from '../en/devices'

export const devices: Record<keyof typeof words, string> = {
  'devices.empty': 'Noch ist kein PC bekannt.',
  'devices.emptyHint': 'Nehmen Sie einen auf drei Wegen auf, oder lassen Sie `viaduct demo` simulierte bringen.',
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
  'devices.bulkDone': '{ok} erledigt, {failed} fehlgeschlagen',
  'devices.search': 'Name, Adresse, Etikett suchen …',
  'devices.generation': 'Generation',
  'devices.csv': 'CSV exportieren',
  'devices.clear': 'Filter löschen',
  'devices.why': 'warum?',
  'devices.edit': 'Bearbeiten',
  'devices.editOf': '{name} bearbeiten',
  'devices.saved': '{name} ist gespeichert.',
  'devices.labelsHint': 'Wörter wie site=berlin, mit Leerzeichen dazwischen. Was Sie herausnehmen, wird entfernt.',
  'devices.done.approve': '{name} darf wieder herein.',
  'devices.done.block': '{name} wird ab jetzt abgewiesen.',
  'devices.done.remove': '{name} ist vergessen.',
  'devices.remove': 'Diesen PC vergessen',
  'devices.sure': 'Wirklich vergessen und den Tunnel beenden',
  'bulk.label': 'Etikett setzen',
  'bulk.labelTitle': '{labels} setzen',
  'bulk.none': 'Auswahl aufheben',
  'bulk.stop': 'Nach den laufenden anhalten'
}
