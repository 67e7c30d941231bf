// Jede Klasse von AMT, gelesen und geschrieben.

import type { wsman as words } from '../en/wsman'

export const wsman: Record<keyof typeof words, string> = {
  'wsman.operation': 'Was gefragt wird',
  'wsman.get': 'Eine lesen',
  'wsman.enumerate': 'Alle lesen',
  'wsman.put': 'Eigenschaften ändern (Put)',
  'wsman.invoke': 'Eine Methode aufrufen (Invoke)',
  'wsman.keys': 'Schlüssel der Instanz',
  'wsman.keysHint': 'NAME=WERT, je Zeile einer; nur wo eine Klasse mehrere Instanzen hat. NAME:=JSON für Schlüssel, die Instanzen sind, oder alles als JSON.',
  'wsman.method': 'Methode',
  'wsman.properties': 'Eigenschaften, die sich ändern',
  'wsman.propertiesHint': 'NAME=WERT oder NAME:=JSON, je Zeile eine. Die Instanz wird vorher gelesen, die übrigen bleiben, wie sie sind.',
  'wsman.arguments': 'Argumente',
  'wsman.argumentsHint': 'NAME=WERT, je Zeile eines; ein Name, der zweimal kommt, ergibt ein Feld. NAME:=JSON für Verweise auf Instanzen, oder alles als JSON.',
  'wsman.bad': '„{line}“ ist nicht NAME=WERT oder NAME:=JSON.',
  'wsman.badValue': 'In „{line}“ steht hinter := kein JSON: {why}',
  'wsman.badJson': 'Das ist kein JSON-Objekt: {why}',
  'wsman.empty': 'Es gibt nichts zu ändern.',
  'wsman.warning': 'Das schreibt so, wie es ist, in die Management Engine; niemand prüft, ob es sinnvoll ist. Es kann Sie vom PC aussperren.',
  'wsman.ask': 'Weiter …',
  'wsman.confirm': '{what} auf {name}?',
  'wsman.type': 'Den Namen des PCs, {name}, eintippen, um fortzufahren',
  'wsman.go': 'Ausführen',
  'wsman.done': 'Erledigt: {what}',
  'wsman.refused': 'Die Methode antwortete {value}: {text}',
  'wsman.result': 'Antwort',
  'wsman.nothing': 'Der PC antwortete ohne Wert.',
  'wsman.mayNot': 'Um hier etwas zu ändern, fehlt Ihnen ein Recht.'
}
