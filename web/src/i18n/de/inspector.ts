// Anfragen an ein Gerät, und seine Geschichte.

import type { inspector as words } from '../en/inspector'

export const inspector: Record<keyof typeof words, string> = {
  'device.certificates': 'Zertifikate',
  'device.inspector': 'Verbindung',
  'device.history': 'Verlauf',
  'inspector.tunnel': 'Tunnel',
  'inspector.number': 'Nummer',
  'inspector.from': 'Eingewählt von',
  'inspector.why': 'Eingewählt, weil',
  'inspector.keepalive': 'Lebenszeichen',
  'inspector.keepaliveWords': 'alle {interval} s, aufgegeben nach {wait} s',
  'inspector.keepaliveOnly': 'alle {interval} s',
  'inspector.uses': 'Bildschirme, Terminals und Laufwerke in Gebrauch',
  'inspector.idle': 'Niemand benutzt gerade etwas.',
  'inspector.channels': 'Kanäle der letzten Zeit',
  'inspector.noChannels': 'Seit dem Start des Servers wurde kein Kanal geöffnet.',
  'history.empty': 'Seit dem Start des Servers ist nichts geschehen.',
  'history.filter': 'Art',
  'history.all': 'alle',
  'history.when': 'Wann',
  'history.what': 'Was',

  'certificates.at.root': 'Wurzel für die PCs',
  'certificates.at.cira': 'PCs',
  'certificates.at.web': 'Dashboard',
  'certificates.keys': 'Schlüssel',
  'certificates.empty': 'Der PC hat keine eigenen Zertifikate.'
}
