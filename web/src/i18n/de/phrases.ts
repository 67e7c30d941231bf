// Sätze, die der Server als Text sagt oder aufhebt, nicht beim Namen: links seiner, `{x}` für jede Angabe, rechts unserer.
// Links steht jeder wie in den Quellen des Servers (ein Test vergleicht sie), darum sind sie dort nicht frei zu ändern.

export const phrases: Record<string, string> = {
  // Warum ein Tunnel endete
  'the device said goodbye: {code}': 'das Gerät verabschiedete sich ({code})',
  'the connection ended without a goodbye from the device': 'die Verbindung endete, ohne dass sich das Gerät verabschiedete',
  'nothing came from the device for the waiting time ([keepalive] wait)': 'vom Gerät kam so lange nichts, wie gewartet wird ([keepalive] wait)',
  'the server closed the tunnel': 'der Server schloss den Tunnel',
  'the device did not read what was sent for too long': 'das Gerät las zu lange nicht, was gesendet wurde',
  'the tunnel\'s task ended early': 'der Tunnel wurde vorzeitig aufgegeben',
  '{by} removed the device': '{by} hat das Gerät entfernt',
  '{by} asked the device to dial in again': '{by} ließ das Gerät sich neu einwählen',
  '{by} blocked the device': '{by} hat das Gerät gesperrt',
  'the server is stopping': 'der Server wird beendet',
  // Warum ein PC nicht hereingelassen wurde
  'this device is not in the inventory (E2017)': 'dieser PC ist hier nicht eingetragen (E2017)',
  'this device is blocked': 'dieser PC ist hier gesperrt',
  'it gave a wrong CIRA user or password (E2019)': 'er nannte falsche CIRA-Zugangsdaten (E2019)',
  'no credential is configured that it could prove (no_credential_configured)': 'für ihn sind keine Zugangsdaten hinterlegt, die er beweisen könnte (no_credential_configured)',
  // Was zu einer Änderung des Fernzugriffs zu wissen ist
  'its CIRA credential was not made by an enrollment here, so a new one is put at every entry that leads here':
    'Seine CIRA-Zugangsdaten stammen aus keiner Einrichtung von hier; darum bekommt jeder Eintrag, der hierher führt, neue.',
  'an entry that leads here has another CIRA credential than the newest one, which is put there':
    'Ein Eintrag, der hierher führt, hat andere CIRA-Zugangsdaten als die neuesten; er bekommt diese.',
  'it was given back the policies and entries that it had before':
    'Der PC hat die Richtlinien und Einträge zurückbekommen, die er vorher hatte.',
  'it has not all that it had before, because «{step}» failed as well; until this is gone on with, it may not dial in by itself':
    'Der PC hat nicht alles, was er vorher hatte, weil auch «{step}» scheiterte; bis es damit weitergeht, wählt er sich vielleicht nicht von selbst ein.',
  'whether it still has all that it had before is not known, because it cannot be asked: until this is gone on with, it may not dial in by itself':
    'Ob der PC noch alles hat, was er vorher hatte, ist nicht bekannt, weil er nicht gefragt werden kann; bis es damit weitergeht, wählt er sich vielleicht nicht von selbst ein.',
  'the entry for {entry} expects a certificate named {name}, which the server does not show; it is made anew':
    'Der Eintrag für {entry} erwartet ein Zertifikat auf den Namen {name}, das der Server nicht zeigt; er wird neu gemacht.',
  'its {trigger} policy led to {servers} and leads here instead; a platform keeps one policy for each trigger':
    'Seine Richtlinie „{trigger}“ führte zu {servers} und führt nun hierher; ein PC hat für jeden Auslöser nur eine.',
  'it is at home under {suffixes} so far; there it would not dial in, so this is replaced':
    'Bisher glaubt er sich unter {suffixes} zu Hause; dort würde er sich nicht einwählen, darum wird das ersetzt.',
  'it also counts the IPv6 prefixes {prefixes} as home; these are left as they are':
    'Auch unter den IPv6-Präfixen {prefixes} glaubt er sich zu Hause; die bleiben, wie sie sind.',
  'it is in Client Control Mode: remote access works, but screen, serial console and storage redirection need the user\'s consent each time':
    'Er ist im Client Control Mode: der Fernzugriff geht, aber Bildschirm, serielle Konsole und Laufwerke brauchen jedes Mal die Zustimmung der Person am PC.',
  'its {trigger} policy names {count} servers already, so the new name finds no place in it':
    'Seine Richtlinie „{trigger}“ nennt schon {count} Server, der neue Name hat darin keinen Platz.',
  'it is connected already; new settings count from its next connection (viaduct devices reconnect)':
    'Er ist schon verbunden; neue Einstellungen gelten ab der nächsten Verbindung (viaduct devices reconnect).',
  'none of its triggers makes it dial in within minutes; somebody at the PC may have to ask for the tunnel':
    'Keiner seiner Auslöser lässt ihn sich in Minuten einwählen; vielleicht muss jemand am PC um den Tunnel bitten.',
  'it does not answer on the local network, as is usual for a PC that dials in; it is reached through its tunnel':
    'Im lokalen Netz antwortet er nicht, wie üblich bei einem PC, der sich einwählt; er wird durch seinen Tunnel erreicht.',
  'its AMT has a fixed address: firmware before AMT 12 knows only from DHCP that it is outside, and will probably not call; let it have its address from DHCP':
    'sein AMT hat eine feste Adresse: Firmware vor AMT 12 weiß nur durch DHCP, dass sie außerhalb ist, und wird sich wohl nicht melden; geben Sie ihm die Adresse durch DHCP',
  'its AMT has a fixed address: firmware knows from DHCP where it is; if this PC does not call, let it have its address from DHCP':
    'sein AMT hat eine feste Adresse: durch DHCP weiß die Firmware, wo sie ist; meldet sich dieser PC nicht, geben Sie ihm die Adresse durch DHCP',
  'it is spoken to without TLS, because it answers on port 16992 only: do this in a network that you trust':
    'Mit ihm wird ohne TLS gesprochen, denn er antwortet nur auf Port 16992: nur in einem Netz, dem Sie trauen.',
  // Was den Rückweg abschneidet
  'the PC does not dial in here any more': 'Der PC wählt sich hier nicht mehr ein.',
  'between removing the old entry and adding the new one it has no policy; when that breaks off, it does not dial in by itself':
    'Zwischen dem Entfernen des alten Eintrags und dem Anlegen des neuen hat er keine Richtlinie; bricht es da ab, wählt er sich nicht von selbst ein.',
  'a PC that is at home everywhere never dials in': 'Ein PC, der sich überall zu Hause glaubt, wählt sich nie ein.',
  // Abbilder
  'no image has the number or name `{name}`': 'Kein Abbild hat die Nummer oder den Namen „{name}“.',
  '`{name}` is in the library': '„{name}“ ist schon in der Sammlung.',
  '`{name}` is {size} bytes large; an image may have at most {most} ([limits] image_size)':
    '„{name}“ hat {size} Bytes; höchstens {most} darf ein Abbild haben ([limits] image_size).',
  '{needed} bytes are missing, the disk has {free} left, and {reserve} stay free':
    'Es fehlen noch {needed} Bytes, auf der Platte sind {free} frei, und {reserve} bleiben frei.',
  'the library has {most} images, which is all it holds ([limits] images)': 'Die Sammlung hat {most} Abbilder, mehr fasst sie nicht ([limits] images).',
  '`{name}` stands at {offset}, not at {given}': '„{name}“ steht bei Byte {offset}, nicht bei {given}.',
  'somebody is sending `{name}` at this moment': 'Jemand lädt „{name}“ gerade hoch.',
  'of `{name}`, {offset} of {size} bytes are here': 'Von „{name}“ sind {offset} von {size} Bytes da.',
  '`{name}` was to have the SHA-256 {wanted} and has {found}': '„{name}“ sollte den SHA-256 {wanted} haben und hat {found}.',
  '`{name}` was changed on the disk of the server after its upload: {how}': '„{name}“ wurde auf der Platte des Servers nach dem Hochladen verändert: {how}',
  'the library cannot be read or written: {why}': 'Die Sammlung ist nicht zu lesen oder zu schreiben: {why}',
  '{some} PCs have `{name}` mounted': '{some} PCs haben „{name}“ im Laufwerk.',
  // Warum ein Bildschirm, eine Konsole oder ein Laufwerk endete oder nicht begann
  'the console left': 'die Konsole ging',
  'the device does not forward {port}, only {ports}': 'Das Gerät leitet {port} nicht weiter, nur {ports}.',
  'all connections of the device are in use': 'Alle Verbindungen des Geräts sind in Gebrauch.',
  'the device did not answer in time': 'Das Gerät antwortete nicht rechtzeitig.',
  'no AMT password of this device is stored; set it first': 'Für dieses Gerät ist kein AMT-Kennwort hinterlegt; erst eines hinterlegen.',
  'no RFB password of this device is stored, which its port 5900 asks for; set it first':
    'Für dieses Gerät ist kein RFB-Kennwort hinterlegt, das sein Port 5900 verlangt; erst eines hinterlegen.',
  'port 5900 refuses the stored RFB password; correct it': 'Port 5900 lehnt das hinterlegte RFB-Kennwort ab; es berichtigen.',
  'the device refuses the stored AMT password; correct it': 'Das Gerät lehnt das hinterlegte AMT-Kennwort ab; es berichtigen.',
  'the device refused the stored AMT password; it rests, lest AMT sees an attack; correct it':
    'Das Gerät lehnte das hinterlegte AMT-Kennwort ab; es ruht, damit AMT keinen Angriff sieht; es berichtigen.',
  '{mode} is used by {user} since {hour}:{minute} UTC; you may take over': '{mode} benutzt {user} seit {hour}:{minute} UTC; Sie können übernehmen.',
  '{mode} is in use by a console that does not go through this server': '{mode} ist bei einer Konsole in Gebrauch, die nicht über diesen Server geht.',
  '{mode} is switched off on this PC; switch it on first': '{mode} ist auf diesem PC ausgeschaltet; es erst einschalten.',
  '{mode} needs the consent of the person at the PC; ask for the code first': '{mode} braucht die Zustimmung der Person am PC; erst den Code anfordern.',
  'the device ended it after {minutes} min without keyboard or mouse': 'Das Gerät beendete es nach {minutes} min ohne Tastatur und Maus.',
  '{user} took over': '{user} hat übernommen.',
  '{user} ended it': '{user} hat es beendet.',
  'the right to use it was taken away': 'Das Recht, es zu benutzen, wurde entzogen.',
  'the tunnel of the device ended': 'Der Tunnel des Geräts endete.',
  '{name} has no tunnel now': '{name} hat gerade keinen Tunnel.',
  '{name} is blocked': '{name} ist gesperrt.',
  'the device ended IDE-R': 'Das Gerät beendete die Laufwerke (IDE-R).',
  'the device reports an error of its drives': 'Das Gerät meldet einen Fehler seiner Laufwerke.',
  'the device closed during the login': 'Das Gerät schloss während der Anmeldung.',
  'the device ended {mode}': 'Das Gerät beendete {mode}.',
  'the device ended the screen': 'Das Gerät beendete den Bildschirm.',
  'the device refuses to begin (status {number})': 'Das Gerät will nicht beginnen (Status {number}).',
  'port 5900 closes at once: somebody else looks, or the PC has no RFB password':
    'Port 5900 schließt sofort: jemand anders schaut zu, oder der PC hat kein RFB-Kennwort.',
  'the console said nothing for {seconds} s': 'Die Konsole sagte {seconds} s lang nichts.',
  'it has ended already': 'Es ist schon beendet.'
}
