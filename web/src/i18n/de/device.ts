// Ein Gerät und seine Reiter.

import type { device as words } from '../en/device'

export const device: Record<keyof typeof words, string> = {
  'device.summary': 'Übersicht',
  'device.screen': 'Bildschirm',
  'device.terminal': 'Terminal',
  'device.inventory': 'Ausstattung',
  'device.eventlog': 'Ereignisse',
  'device.auditlog': 'AMT-Protokoll',
  'device.remote': 'Fernzugriff',
  'device.network': 'Netzwerk',
  'device.wsman': 'WS-Man',
  'device.since': 'seit',
  'device.trigger': 'Auslöser',
  'device.tls': 'TLS',
  'device.ports': 'Ports',
  'device.guid': 'UUID',
  'device.amtPassword': 'AMT-Kennwort hinterlegt',
  'device.reconnect': 'Neu verbinden',
  'device.reconnectHint': 'Beendet den Tunnel, damit der PC sich neu einwählt.',
  'device.away': 'Dieser PC ist nicht da.',
  'device.awayTab': 'Dafür muss der PC verbunden sein.',
  'device.why': 'Warum ist er nicht da?',
  'device.likely': 'Wahrscheinliche Ursache',
  'device.next': 'Was zu tun ist',
  'device.lastEnd': 'Der letzte Tunnel endete',
  'why.log': 'Ist der PC zur Hand? Sein eigenes Protokoll sagt mehr',
  'why.logHint': 'Die Firmware führt Buch über ihre Versuche, sich zu melden. Am PC zeigt es',
  'why.logText': 'Hier einfügen, was das ausgibt',
  'why.read': 'Protokoll lesen',
  'eventlog.empty': 'Das Protokoll ist leer.',
  'wsman.class': 'Klasse',
  'wsman.read': 'Lesen',
  'device.shell': 'Von einer Shell aus',
  'device.shellForward': 'Ein lokaler Port für Konsolen ohne Proxy',
  'device.shellProxy': 'Über die Proxys dieses Servers'
}
