// Bildschirm und Zustimmung.

import type { screen as words } from '../en/screen'

export const screen: Record<keyof typeof words, string> = {
  'screen.connect': 'Bildschirm zeigen',
  'screen.end': 'Beenden',
  'screen.cad': 'Strg-Alt-Entf',
  'screen.release': 'Alle Tasten loslassen',
  'screen.viewOnly': 'Nur ansehen',
  'screen.shot': 'Bildschirmfoto',
  'screen.full': 'Einpassen',
  'screen.paste': 'Text tippen',
  'screen.state.0': 'nicht verbunden',
  'screen.state.1': 'verbindet …',
  'screen.state.2': 'meldet an …',
  'screen.state.3': 'läuft',
  'screen.ended': 'Die Sitzung ist beendet: {reason}',
  'screen.endedPlain': 'die Verbindung wurde geschlossen',
  'screen.noPicture': 'Nach fünf Sekunden kein Bild, obwohl die Sitzung offen ist (E2034). Meist ist kein Bildschirm angeschlossen (ein HDMI-Blindstecker hilft), eine eigene Grafikkarte in Gebrauch oder der PC aus.',
  'screen.keys': 'Solange das Bild den Fokus hat, gehen die Tasten an den PC. Strg+Alt+Umschalt gibt die Tastatur zurück.',
  'consent.title': 'Zustimmung des Benutzers',
  'consent.text': 'Der PC zeigt seinem Benutzer einen sechsstelligen Code. Fragen Sie danach und geben Sie ihn hier ein.',
  'consent.request': 'Code anfordern',
  'consent.send': 'Code senden',
  'consent.cancel': 'Zurückziehen',
  'consent.sent': 'Der PC hat den Code angenommen.',
  'screen.figures': '{fps} Bilder/s, Antwort nach {latency} ms',
  'screen.keysMenu': 'Tasten …',
  'screen.display': 'Anzeige',
  'screen.displayN': 'Anzeige {n}',
  'screen.reconnect': 'Neu verbinden',
  'screen.over': 'Sitzung beendet',
  'screen.pasteHint': 'Der Text wird mit den Tasten einer US-Tastatur getippt.',
  'screen.type': 'Tippen',
  'screen.inUse': 'Übernehmen',
  'consent.left': 'Der Code gilt noch {seconds} s.',
  'consent.over': 'Der Code gilt nicht mehr; fordern Sie einen neuen an.'
}
