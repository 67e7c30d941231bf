// Anmelden und der erste Benutzer.

import type { login as words } from '../en/login'

export const login: Record<keyof typeof words, string> = {
  'login.title': 'Anmelden',
  'login.user': 'Benutzer',
  'login.password': 'Kennwort',
  'login.submit': 'Anmelden',
  'login.first': 'Noch gibt es keinen Benutzer. Öffnen Sie den Link, den `viaduct serve` beim Start ausgab; er legt den ersten an.',
  'login.busy': 'Meldet an …',
  'login.expired': 'Ihre Sitzung ist zu Ende. Melden Sie sich wieder an; Sie kommen dahin zurück, wo Sie waren.',
  'login.code': 'Einmalcode',
  'login.codeHint': 'Sechs Ziffern Ihrer Authenticator-App oder einer Ihrer Wiederherstellungscodes.',
  'login.provider': 'Mit Ihrer Organisation anmelden',
  'setup.title': 'Erster Start',
  'setup.text': 'Legen Sie den ersten Benutzer dieses Servers an. Der Link gilt einmal; ein voreingestelltes Kennwort gibt es nicht.',
  'setup.secret': 'Geheimnis des Links',
  'setup.password': 'Kennwort, mindestens {n} Zeichen',
  'setup.again': 'Kennwort noch einmal',
  'setup.differ': 'Die beiden Kennwörter sind verschieden.',
  'setup.submit': 'Benutzer anlegen und anmelden',
  'setup.done': 'Es gibt schon einen Benutzer; dieser Link tut nichts mehr.',
  'account.password': 'Kennwort ändern',
  'account.old': 'Bisheriges Kennwort',
  'account.new': 'Neues Kennwort',
  'account.changed': 'Ihr Kennwort ist geändert.',
  'account.second': 'Zweiter Faktor',
  'account.secondOn': 'Bei jeder Anmeldung wird ein Einmalcode verlangt.',
  'account.secondOff': 'Nur Ihr Kennwort schützt dieses Konto. Eine Authenticator-App macht es sicherer.',
  'account.begin': 'Einrichten',
  'account.scan': 'Lesen Sie dies mit Ihrer Authenticator-App ein oder tippen Sie das Geheimnis ab; geben Sie dann den Code ein, den sie zeigt.',
  'account.qr': 'QR-Code für die Authenticator-App',
  'account.prove': 'Einschalten',
  'account.recovery': 'Verwahren Sie diese Wiederherstellungscodes sicher; jeder gilt einmal, und sie werden nicht noch einmal gezeigt:',
  'account.end': 'Ausschalten',
  'account.endHint': 'Code oder Wiederherstellungscode',
  'account.noUser': 'Sie sind mit einem Token angemeldet; es hat weder Kennwort noch zweiten Faktor.'
}
