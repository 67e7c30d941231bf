// Anmelden und der erste Benutzer.

import type { login as words } from '../en/login'

export const login: Record<keyof typeof words, string> = {
  'login.title': 'Anmelden',
  'login.user': 'Benutzer',
  'login.password': 'Kennwort',
  'login.submit': 'Anmelden',
  'login.first': 'Der erste Benutzer entsteht über den Link, den `viaduct serve` beim Start ausgibt.'
}
