// Strom: was man tun kann, wie es steht.

import type { power as words } from '../en/power'

export const power: Record<keyof typeof words, string> = {
  'power.title': 'Strom',
  'power.more': 'Mehr …',
  'power.on': 'Einschalten',
  'power.off': 'Ausschalten',
  'power.reset': 'Zurücksetzen',
  'power.cycle': 'Aus und wieder ein',
  'power.sleep': 'Schlafen',
  'power.hibernate': 'Ruhezustand',
  'power.gracefulOff': 'Herunterfahren',
  'power.gracefulReset': 'Neu starten',
  'power.bios': 'Neustart ins BIOS',
  'power.pxe': 'Neustart vom Netz',
  'power.asked': '{action}: {name}',
  'power.confirm': '{action}: {name}?',
  'power.lost': 'Ungesichertes auf diesem PC geht verloren.',
  'power.closes': 'Bildschirm oder Konsole, die hier offen sind, werden vorher geschlossen.',
  'power.closed': 'Bildschirm oder Konsole wurden vorher geschlossen.',
  'power.sent': '{action}: erledigt',
  'power.unknown': 'unbekannt',
  'power.2': 'an',
  'power.3': 'schläft',
  'power.4': 'schläft tief',
  'power.6': 'aus',
  'power.7': 'Ruhezustand',
  'power.8': 'aus',
  'power.nmi': 'Interrupt (NMI)',
  'power.disk': 'Zurücksetzen und von der Festplatte starten'
}
