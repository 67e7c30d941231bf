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
  'health.bundle': 'Datei für die Hilfe',
  'health.bundleHint': 'Eine Datei mit Zustand und Ereignissen dieses Servers, für alle, die helfen. Namen, Adressen und UUIDs sind ersetzt, Geheimnisse fehlen.',
  'health.bundled': 'Gespeichert. Sehen Sie hinein, bevor Sie sie weitergeben.',
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
