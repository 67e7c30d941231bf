// Viele PCs aus einer Datei.

import type { imports as words } from '../en/imports'

export const imports: Record<keyof typeof words, string> = {
  'add.import': 'Aus einer Liste',
  'add.import.about': 'Viele PCs auf einmal, aus einer Tabelle, als CSV gesichert.',
  'import.text': 'Die PCs werden hier eingetragen, jeder mit Zugangsdaten; an ihnen selbst ändert sich nichts. Bekannte bleiben, wie sie sind.',
  'import.file': 'CSV-Datei',
  'import.paste': 'oder einfügen',
  'import.columns': 'Die erste Zeile nennt die Spalten: guid, und nach Wunsch name, fqdn, labels (site=berlin role=till), cira_user, cira_password, amt_user, amt_password.',
  'import.example': 'Beispiel sichern',
  'import.check': 'Zeigen, was geschähe',
  'import.line': 'Zeile',
  'import.outcome': 'Was geschieht',
  'import.would': 'würde eingetragen',
  'import.wouldMake': 'würde eingetragen, mit neuen Zugangsdaten',
  'import.added': 'eingetragen',
  'import.fault': '{n} Zeilen sind nicht lesbar. Erst berichtigen; vorher wird nichts eingetragen.',
  'import.go': '{n} PCs eintragen',
  'import.none': 'Keiner davon lässt sich eintragen.',
  'import.done': '{n} von {all} PCs sind eingetragen.',
  'import.made': 'Für {n} PCs der Liste entstanden neue Zugangsdaten. Der Server zeigt sie nur einmal.',
  'import.save': 'Zugangsdaten sichern (CSV)',
  'import.again': 'Noch eine Liste',
  'import.leave': 'Sie bleiben hier, auf jeder Seite, bis Sie sagen, dass sie gesichert sind; verloren sind sie, wenn das Fenster geschlossen oder neu geladen wird.',
  'import.saved': 'Sie sind gesichert',
  'import.unsaved': 'Zugangsdaten, die noch nicht gesichert sind',
  'import.problem.empty': 'Es steht nichts darin.',
  'import.problem.quote': 'ein Anführungszeichen ist nicht geschlossen',
  'import.problem.count': '{given} Felder, wo die Kopfzeile {wanted} hat',
  'import.problem.column': 'die Spalte „{column}“ ist nicht bekannt',
  'import.problem.noGuid': 'die Spalte guid fehlt',
  'import.problem.guid': '„{guid}“ ist keine UUID',
  'import.problem.label': '„{label}“ ist kein Etikett; site=berlin ist eines'
}
