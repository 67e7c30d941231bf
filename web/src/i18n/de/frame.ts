// Der Rahmen jeder Seite, und Absagen.

import type { frame as words } from '../en/frame'

export const frame: Record<keyof typeof words, string> = {
  'app.name': 'Viaduct',
  'app.unreachable': 'Der Server antwortet nicht. Die Seite zeigt den letzten bekannten Stand.',
  'nav.overview': 'Überblick',
  'nav.devices': 'Geräte',
  'nav.unclaimed': 'Unbekannte',
  'nav.redirections': 'Sitzungen',
  'nav.events': 'Ereignisse',
  'nav.audit': 'Protokoll',
  'nav.tokens': 'Token',
  'nav.settings': 'Einstellungen',
  'nav.signout': 'Abmelden',
  'nav.skip': 'Zum Inhalt',
  'theme.auto': 'Farben automatisch',
  'theme.light': 'Hell',
  'theme.dark': 'Dunkel',
  'theme.contrast': 'Hoher Kontrast',
  'language': 'Sprache',
  'error.0': 'Der Server antwortet nicht.',
  'error.403': 'Das dürfen Sie nicht.',
  'error.404': 'Nicht (mehr) da.',
  'error.504': 'Der PC hat nicht rechtzeitig geantwortet.',
  'theme': 'Farben'
}
