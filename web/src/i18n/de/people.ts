// Benutzer, Rollen und Token.

import type { people as words } from '../en/people'

export const people: Record<keyof typeof words, string> = {
  'tokens.empty': 'Noch kein Token.',
  'tokens.name': 'Name',
  'tokens.scope': 'Umfang',
  'tokens.expires': 'Endet',
  'tokens.used': 'Zuletzt benutzt',
  'tokens.make': 'Token anlegen',
  'tokens.revoke': 'Entziehen',
  'tokens.once': 'Kopieren Sie es jetzt; es wird nicht noch einmal gezeigt:'
}
