// Einstellungen, Zertifikate.

import type { settings as words } from '../en/settings'

export const settings: Record<keyof typeof words, string> = {
  'settings.config': 'Wirksame Einstellungen',
  'settings.about': 'Version {version}, läuft seit {since}',
  'settings.root': 'Wurzelzertifikat, das die PCs brauchen'
}
