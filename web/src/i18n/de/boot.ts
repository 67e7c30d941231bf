// Start von einem Webserver.

import type { boot as words } from '../en/boot'

export const boot: Record<keyof typeof words, string> = {
  'boot.https': 'Von einem Webserver starten …',
  'boot.title': '{name} von einem Webserver starten',
  'boot.about': 'One-Click Recovery: Die Firmware des PCs holt über HTTPS einen Bootloader und startet ihn, einmal. Festplatte oder Stick braucht es dafür nicht.',
  'boot.url': 'Adresse dessen, was gestartet wird',
  'boot.urlHint': 'Eine Datei .efi oder .iso, die der PC selbst erreicht; höchstens 300 Zeichen.',
  'boot.signIn': 'Der Webserver verlangt eine Anmeldung',
  'boot.user': 'Benutzer am Webserver',
  'boot.password': 'Kennwort dieses Benutzers',
  'boot.short': 'Höchstens 16 Zeichen; mehr nimmt die Firmware nicht.',
  'boot.root': 'Der PC kennt das Wurzelzertifikat des Webservers nicht',
  'boot.rootHint': 'Der PC vertraut nur Wurzeln, die in AMT stehen. Eine Datei in PEM oder ihr Text; sie kommt vorher dorthin und bleibt da, unter Zertifikate.',
  'boot.rootFile': 'Wurzelzertifikat (PEM)',
  'boot.rootText': 'oder sein Text',
  'boot.rootBad': 'Das ist kein Zertifikat in PEM: Es beginnt mit -----BEGIN CERTIFICATE-----.',
  'boot.rootIn': 'Das Wurzelzertifikat ist in AMT; abgelehnt wurde der Start selbst:',
  'boot.how': 'Wie es beginnt',
  'boot.reset': 'mit einem Zurücksetzen',
  'boot.on': 'mit dem Einschalten',
  'boot.secure': 'Nur starten, was Secure Boot annimmt',
  'boot.go': 'Starten',
  'boot.sure': 'Ja, {name} jetzt zurücksetzen',
  'boot.done': '{name} soll von {url} starten. Zu sehen ist es unter Bildschirm.',
  'boot.missing': 'Dieser PC kann nicht von einem Webserver starten',
  'boot.missing.old': 'Er hat AMT {version}; die Firmware kann es ab AMT 15.',
  'boot.missing.source': 'Seine Firmware bietet keine solche Startquelle an. Es gibt sie ab AMT 15, und das BIOS des Herstellers muss mitmachen (One-Click Recovery).',
  'boot.missing.bios': 'In seinem BIOS ist es aus: Im BIOS-Setup One-Click Recovery oder HTTPS-Boot einschalten.',
  'boot.off': 'One-Click Recovery ist in AMT ausgeschaltet; der PC würde ablehnen.',
  'boot.switchOn': 'Einschalten',
  'boot.switchedOn': 'One-Click Recovery ist jetzt an.'
}
