// Wie es dem Server selbst geht.

import type { health as words } from '../en/health'

export const health: Record<keyof typeof words, string> = {
  'health.ok': 'gut',
  'health.warn': 'braucht Aufmerksamkeit',
  'health.bad': 'geht nicht',
  'health.server': 'Server',
  'health.version': 'Version',
  'health.started': 'Gestartet',
  'health.clock': 'Uhr',
  'health.clockSame': 'wie in diesem Browser',
  'health.clockOff': '{n} Sekunden neben der dieses Browsers',
  'health.name.listeners': 'Anschlüsse',
  'health.name.store': 'Datenbank',
  'health.name.audit': 'Protokoll',
  'health.name.clock': 'Uhr',
  'health.name.disk': 'Platte',
  'health.name.files': 'Offene Dateien',
  'health.name.certificates': 'Zertifikat',
  'health.name.users': 'Benutzer',
  'health.name.events': 'Empfänger von Ereignissen'
}
