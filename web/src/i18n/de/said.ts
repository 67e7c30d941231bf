// Sätze, die der Server beim Namen nennt, mit ihren Angaben: `{x}` wie sie ist, `{x:span}` eine Dauer, `{x:size}` eine Größe, `{x:days}` in wie vielen Tagen,
// `{x:time}` ein Zeitpunkt, `{x:end}` der Grund eines Tunnelendes, `{x:alert}` ein TLS-Alarm, `{x:at}` wo ein Zertifikat gezeigt wird,
// `{x:phrase}` ein Satz des Servers aus phrases.ts.

/** Nach ihrem Namen. */
export const sentences: Record<string, string> = {
  listeners: 'Geräte {cira}, Dashboard {web}, SOCKS5 {socks}, HTTP-Proxy {proxy}, Metriken {metrics}',
  'store.well': 'Sie nimmt auf, was geschieht. Wartende Angaben: {pending}.',
  'store.bad': 'Die Datenbank nimmt nicht auf, was geschieht: {error}',
  'audit.well': 'Das Protokoll kann geschrieben werden.',
  'audit.bad': 'Das Protokoll kann nicht geschrieben werden: {error}',
  clock: 'Die Uhr dieses Servers zeigt {time:time}.',
  disk: '{free:size} sind frei, wo {place} liegt.',
  files: '{used} von {most} möglichen Dateien sind offen.',
  certificates: '{listener:at}: {subject} endet {days:days}.',
  users: 'Anmelden können sich: {active}; davon mit zweitem Faktor oder Anmeldedienst: {second}.',
  events: '{name}: {sent} Ereignisse gesendet, {waiting} warten, {failed} Versuche misslungen, {lost} Ereignisse verloren.',
  'step.root': 'der Wurzel {name} trauen',
  'step.mps': 'den Server {server} eintragen',
  'step.login': 'die Zugangsdaten für {server} setzen (Benutzer {user})',
  'step.policy': 'die Richtlinie {policy} anlegen',
  'step.replace': 'die Richtlinie {policy} erneuern',
  'step.less': 'die Richtlinie {policy} entfernen',
  'step.outside': 'die Richtlinie {policy} draußen gelten lassen',
  'step.user': 'seinen Benutzer um einen Tunnel bitten lassen ({state})',
  'step.home': 'den PC sich überall zu Hause glauben lassen, damit er sich nicht meldet',
  'step.away': 'den PC sich nur unter {suffixes} zu Hause glauben lassen',
  'step.forget': 'den Server {server} austragen',
  'step.distrust': 'der Wurzel {name} nicht mehr trauen',
  connected: '{name} ist da: seit {span:span} verbunden.',
  away: '{name} ist seit {span:span} nicht da.',
  never: '{name} war nie verbunden; vor {span:span} aufgenommen.',
  'server.alone': 'Er wartet auf Geräte an {addresses}. Kein anderes Gerät ist verbunden, also ist nicht bewiesen, dass der Port zu erreichen ist.',
  'server.one': 'Er wartet auf Geräte an {addresses}. Ein anderes Gerät ist verbunden, eingewählt vor {span:span}.',
  'server.many': 'Er wartet auf Geräte an {addresses}. {others} andere Geräte sind verbunden, das letzte wählte sich vor {span:span} ein.',
  blocked: 'Es ist hier gesperrt und wird abgewiesen.',
  two: 'Zwei Maschinen benutzen diese Identität und nehmen einander den Platz: eine an {one}, eine an {other}.',
  'before.none': 'Noch kein Tunnel von ihm ist zu Ende gegangen.',
  'before.lasted': 'Der letzte Tunnel dauerte {span:span}.',
  'before.device': 'Den letzten Tunnel beendete das Gerät oder sein Netz: {reason:end}.',
  'before.server': 'Den letzten Tunnel beendete dieser Server: {reason:end}.',
  'before.from': 'Er kam von {address}.',
  'nothing.from': 'Kein Versuch von {address}, der letzten Adresse, und keiner, der dieses Gerät nannte, wurde gesehen.',
  nothing: 'Kein Versuch, der dieses Gerät nannte, wurde gesehen.',
  'nothing.since': 'Gesehen wird erst, seit dieser Server vor {span:span} gestartet wurde.',
  elsewhere: 'Welches Gerät es war, sagte es nicht.',
  'attempt.tcp': '{address} erreichte {count}-mal den Port und sagte nichts, was TLS ist (zuletzt vor {span:span}): {reason}',
  'attempt.tls': '{address} erreichte {count}-mal den Port, aber TLS misslang (zuletzt vor {span:span}): {reason}',
  'attempt.version': '{address} kam {count}-mal durch TLS, sagte aber nicht, wer es ist (zuletzt vor {span:span}): {reason}',
  'attempt.login': '{address} kam {count}-mal bis zur Anmeldung und wurde abgewiesen (zuletzt vor {span:span}): {reason:phrase}',
  'attempt.verdict': '{address} meldete sich {count}-mal an und wurde von einem befragten Webhook nicht gewollt (zuletzt vor {span:span}): {reason}',
  'problem.value': 'Der Wert von „{field}“ fehlt oder ist nicht erlaubt.',
  'problem.denied': '{who} fehlt das Recht „{right:right}“.',
  'problem.away': '{name} hat gerade keinen Tunnel.',
  'problem.left': 'Der Tunnel des PCs ist weg; gesendet wurde nichts.',
  'problem.taken': '„{name}“ gibt es schon.',
  'problem.missing': '„{name}“ gibt es nicht (mehr).',
  'problem.wait': 'In {seconds:span} geht es wieder.',
  'problem.unknown': 'Kein Gerät heißt „{name}“.',
  'problem.ambiguous': '„{name}“ kann {all} sein.',
  'problem.password': 'Der PC lehnt Benutzer und Kennwort ab, die hier für sein AMT hinterlegt sind. Sie werden höchstens dreimal versucht, mit langen Pausen dazwischen, damit er keinen Angriff meldet.',
  'problem.consent': 'Der PC verlangt dafür die Zustimmung der Person, die vor ihm sitzt; ohne sie lehnte er ab, und nichts wurde geändert.',
  'problem.noPort': 'Der PC leitet keinen seiner AMT-Ports weiter.',
  'problem.refused': 'Der PC lehnte einen Kanal zu seinem AMT ab (Grund {reason}).',
  'problem.busy': 'Zu viele warten auf diesen PC, oder alle seine Kanäle sind in Gebrauch.',
  'problem.silent': 'Vor dem Ende der Frist kam keine Antwort; geändert wurde nichts.',
  'problem.unsure': 'Die Anfrage wurde gesendet, dann brach etwas ab: vielleicht ist es getan. Sie wird nicht noch einmal gesendet.',
  'problem.certificate': 'Der PC zeigt jetzt das Zertifikat mit dem SHA-256 {seen}, nicht das bisherige.',
  'problem.returned': '{what} antwortete mit {value}.',
  'problem.portOf': '{name} leitet den Port {port} nicht weiter.',
  'problem.busyOf': 'Alle Kanäle von {name} sind in Gebrauch.',
  'problem.silentOf': '{name} antwortete nicht rechtzeitig.',
  'attempt.forwarding': '{address} meldete sich {count}-mal an, bot aber nicht rechtzeitig Ports an (zuletzt vor {span:span}): {reason}'
}

/** Zu jeder Ursache: die Ursache, dann was zu tun ist, das Aussichtsreichste zuerst. */
export const causes: Record<string, readonly [string, ...string[]]> = {
  'cause.blocked': ['Es ist hier gesperrt; ob es sonst käme, ist nicht bekannt.', 'Auf seiner Seite „Aufnehmen“, oder: viaduct devices approve {name}'],
  'cause.stranger': [
    'Es nennt die UUID {guid}, und niemand hat ein Gerät mit dieser UUID aufgenommen.',
    'Gehört es zu Ihnen: oben „Aufnehmen“, oder: viaduct devices approve {guid}',
    'Soll nichts mehr von ihm gemeldet werden: „Übergehen“, oder: viaduct devices ignore {guid}'
  ],
  'cause.conflict': ['Zwei Maschinen benutzen diese Identität und nehmen einander den Platz.', 'Einer im BIOS eine andere UUID geben.'],
  'cause.login': [
    'Es wählt sich ein und nennt sich {name}, aber: {reason}. Es wurde für einen anderen Server oder Eintrag eingerichtet, oder eine andere Maschine benutzt seine UUID.',
    'CIRA-Benutzer und -Kennwort dieses Servers noch einmal in den PC eintragen (sein MPS-Eintrag).',
    'Ist das Kennwort verloren: viaduct devices rm {name}, dann macht viaduct devices add {name} --guid {guid} ein neues.'
  ],
  'cause.verdict': [
    'Es wählt sich ein und hat bewiesen, dass es {name} ist, aber: {reason}.',
    'Fragen Sie, wer diesen Empfänger betreibt; er steht als [[events.webhooks]] mit veto = true in den Einstellungen.',
    'Er wird jedes Mal gefragt, wenn der PC sich einwählt.'
  ],
  'cause.stage': ['Es wählt sich ein und nennt sich {name}, aber: {reason}.', 'Den nächsten Versuch abwarten und wieder hierher sehen.', 'Seine Firmware aktualisieren.'],
  'cause.certificate': [
    '{address} nimmt das Zertifikat dieses Servers nicht an: {alert:alert}. {sure:sure}',
    'Die Wurzel dieses Servers in den PC bringen (Einstellungen, oder: viaduct cert export).',
    'Den Namen, den der PC anwählt, mit dem im Zertifikat vergleichen (viaduct cert show).'
  ],
  'cause.mismatch': ['{address} und dieser Server finden kein gemeinsames TLS: {alert:alert}. {sure:sure}', 'Die Firmware des PCs aktualisieren.'],
  'cause.tls': [
    '{address} erreicht den Port, aber TLS misslingt: {reason}. {sure:sure}',
    'Prüfen, ob der PC die Wurzel dieses Servers hat (viaduct cert export).',
    'Firmware vor AMT 12 braucht einen Anschluss mit profile = "legacy".',
    'Auch eine Firewall dazwischen, die in TLS hineinsieht, stört es.'
  ],
  'cause.tcp': [
    '{address} erreicht den Port und sagt nichts, was TLS ist. {sure:sure}',
    'So sieht ein Portscanner oder eine Zustandsprüfung aus; ist es der PC, so trennt etwas auf dem Weg die Verbindung.'
  ],
  'cause.nameless': [
    '{address} kommt durch TLS, sagt aber nicht, wer es ist: {reason}. {sure:sure}',
    'Nachsehen, was an dieser Adresse läuft; AMT-Firmware stellt sich sofort vor.'
  ],
  'cause.told': [
    'Was es sich melden lässt, wurde hier weggenommen: {why:phrase}.',
    'Soll es sich wieder melden: in seinem eigenen Netz viaduct enroll lan ADRESSE',
    'Soll es das nicht: viaduct devices rm NAME nimmt es von der Liste.'
  ],
  'cause.ended': [
    'Sein Tunnel wurde hier beendet ({detail:phrase}), und es hat sich nicht wieder eingewählt.',
    'Warten: die Firmware wählt sich von selbst wieder ein, nach immer längeren Pausen.',
    'Am PC: in seinem AMT-Menü um Hilfe bitten, oder: viaduct host connect'
  ],
  'cause.gave-up': [
    'Seine Firmware ist AMT 11 oder älter: die gibt nach einigen Fehlschlägen auf, bis ihre Netzverbindung einmal weg war oder der PC neu gestartet wurde. Vielleicht fehlen ihm auch Strom oder Netz.',
    'Jemanden das Netzkabel neu stecken lassen (ein Neustart des Switch-Ports tut es auch): dann meldet er sich sofort.',
    'Oder den PC neu starten; ein Laptop im Akkubetrieb lässt AMT aus.',
    'Die Firmware aktualisieren: spätere versucht es von selbst wieder.'
  ],
  'cause.link': [
    'Von hier aus wurde ihm gesagt, sich zu melden. Seine Firmware ist AMT 11 oder älter: die fängt damit oft erst an, wenn ihre Netzverbindung einmal weg war oder der PC neu gestartet wurde.',
    'Jemanden das Netzkabel neu stecken lassen (ein Neustart des Switch-Ports tut es auch).',
    'Oder den PC neu starten.',
    'Aus dem Netz des PCs versuchen, ob Port {port} überhaupt zu erreichen ist.'
  ],
  'cause.fixed-old': [
    'Von hier aus wurde ihm gesagt, sich zu melden, aber sein AMT hat eine feste Adresse: Firmware bis AMT 11, wie diese, weiß nur durch DHCP, dass sie außerhalb des Firmennetzes ist.',
    'Seinem AMT die Adresse durch DHCP geben (mit einer Reservierung dort bleibt sie gleich), dann das Kabel neu stecken.',
    'Aus dem Netz des PCs versuchen, ob Port {port} überhaupt zu erreichen ist.',
    'Am PC sagt sein eigenes CIRA-Protokoll mehr: viaduct host cira-log'
  ],
  'cause.fixed': [
    'Von hier aus wurde ihm gesagt, sich zu melden, aber sein AMT hat eine feste Adresse: durch DHCP weiß die Firmware, dass sie außerhalb des Firmennetzes ist, ohne DHCP weiß es nur manche.',
    'Seinem AMT die Adresse durch DHCP geben (mit einer Reservierung dort bleibt sie gleich), dann das Kabel neu stecken.',
    'Aus dem Netz des PCs versuchen, ob Port {port} überhaupt zu erreichen ist.',
    'Am PC sagt sein eigenes CIRA-Protokoll mehr: viaduct host cira-log'
  ],
  'cause.configured': [
    'Von hier aus wurde ihm gesagt, sich zu melden, und seither wurde nichts von ihm gesehen: sein Netz lässt es nicht, kein Anlass dafür ist eingetreten, oder ihm fehlt Strom.',
    'Aus dem Netz des PCs versuchen, ob Port {port} überhaupt zu erreichen ist.',
    'Das Kabel neu stecken: dann prüft die Firmware ihr Netz noch einmal.',
    'Am PC: mit viaduct host connect um Hilfe bitten; viaduct host cira-log sagt, wie weit er kommt.'
  ],
  'cause.not-back': [
    'Es war da, als dieser Server anhielt, und hat sich nicht eingewählt, seit er vor {span:span} wieder gestartet wurde. Firmware, die keinen Server fand, wartet auf ihren nächsten Auslöser, und manche gibt auf, bis ihre Netzverbindung einmal weg war; vielleicht gingen unterdessen auch Strom oder Netz verloren.',
    'Den Zeitabstand seiner Richtlinie abwarten: dann wählt es sich von selbst ein.',
    'Früher: am PC in seinem AMT-Menü um Hilfe bitten, oder dort: viaduct host connect',
    'Jemanden das Netzkabel neu stecken lassen, oder den Switch-Port neu starten: dann meldet es sich sofort.',
    'Alle, die seitdem fehlen: in der Liste der Geräte „nicht zurück“, oder: viaduct devices ls --not-back. Fehlt ein ganzer Standort, dort nach dem Netz sehen.'
  ],
  'cause.was': [
    'Der PC hat keinen Ruhestrom oder kein Netz, oder er glaubt sich im Firmennetz und meldet sich darum nicht; was davon, wurde nicht gesehen.',
    'Jemanden Strom und Netzkabel einstecken lassen; ein Laptop im Akkubetrieb lässt AMT aus.',
    'Das Kabel neu stecken: dann prüft die Firmware ihr Netz noch einmal.',
    'Am PC sagt sein eigenes CIRA-Protokoll mehr: viaduct host cira-log'
  ],
  'cause.never': [
    'Ihm wurde nie gesagt, sich hier zu melden, oder sein Netz lässt es nicht; von ihm wurde nichts gesehen.',
    'Seinen MPS-Eintrag prüfen: Adresse, Port {port}, CIRA-Benutzer und -Kennwort, und eine Fernzugriffsrichtlinie.',
    'Seine Umgebungserkennung prüfen: ein PC, der sich im Firmennetz glaubt, meldet sich nicht.',
    'Die Wurzel dieses Servers in ihn bringen (viaduct cert export).',
    'Aus dem Netz des PCs versuchen, ob der Port überhaupt zu erreichen ist.'
  ]
}

/** Was bei einem Befund zu tun ist, nach dem, was geprüft wurde. */
export const remedies: Record<string, string> = {
  listeners: 'In viaduct.toml im Abschnitt [cira] einen Anschluss nennen.',
  store: 'Platz auf der Platte schaffen oder die Datenbank zurückbringen; es erholt sich von selbst.',
  audit: 'Bis dahin werden Änderungen abgelehnt. Es erholt sich von selbst.',
  clock: 'Die Uhr stellen; Zertifikate und Anmeldungen hängen daran.',
  disk: 'Platz schaffen: ohne ihn können weder Datenbank noch Protokoll geschrieben werden.',
  files: 'LimitNOFILE des Dienstes erhöhen; jeder Tunnel und jede Konsole braucht eine.',
  certificates: 'Ein neues an seinen Platz legen und die Zertifikate neu laden.',
  events: 'Nachsehen, ob der Empfänger zu erreichen ist; was verloren ist, bleibt noch eine Weile in der Liste der Ereignisse.',
  users: 'Den Einrichtungslink öffnen, den `viaduct serve` ausgab; ein Neustart gibt einen neuen.'
}

export const alerts: Record<string, string> = {
  10: 'unerwartete Nachricht', 40: 'Handschlag misslungen, kein gemeinsames Verfahren', 42: 'das Zertifikat taugt nicht', 43: 'diese Art Schlüssel kann es nicht',
  44: 'es hält das Zertifikat für widerrufen', 45: 'es hält das Zertifikat für abgelaufen, oder seine Uhr geht falsch', 46: 'das Zertifikat gefällt ihm nicht',
  47: 'ein Wert im Handschlag ist nicht erlaubt', 48: 'es kennt die Wurzel nicht', 49: 'es verweigert den Zugang', 50: 'es konnte den Handschlag nicht lesen',
  70: 'keine gemeinsame TLS-Version', 71: 'zu schwache Verfahren', 80: 'es hat einen inneren Fehler', 86: 'kein Rückfall auf alte Versionen'
}

export const sureness: Record<string, string> = {
  probably: 'Wahrscheinlich ist es dieser PC, denn das ist seine letzte Adresse; ein anderer PC hinter derselben Adresse sähe genauso aus.',
  maybe: 'Es mag dieser PC sein, aber nichts beweist es.'
}

/** Wovon eine Beobachtung handelt. */
export const topics: Record<string, string> = {
  server: 'Server', device: 'Gerät', before: 'vorher', 'since then': 'seither', elsewhere: 'von anderswo', 'the PC says': 'der PC sagt'
}
