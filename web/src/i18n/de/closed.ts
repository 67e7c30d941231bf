// Warum ein Bildschirm oder eine serielle Konsole endete.

import type { closed as en } from '../en/closed'

export const closed: Record<keyof typeof en, string> = {
  'closed.E1400': 'Die Seite hat nach etwas Unsinnigem gefragt: {detail}',
  'closed.E2001': 'Diesen PC gibt es nicht mehr.',
  'closed.E2002': 'Der PC hat gerade keinen Tunnel.',
  'closed.E2005': 'Der PC leitet den nötigen Port nicht weiter: {detail}',
  'closed.E2006': 'Der PC hat die Verbindung abgelehnt. Ist das in seinen AMT-Einstellungen eingeschaltet?',
  'closed.E2007': 'Alle Verbindungen des PCs sind belegt. Eine schließen oder gleich noch einmal versuchen.',
  'closed.E2008': 'Der PC hat nicht rechtzeitig geantwortet.',
  'closed.E2010': 'Der PC weist das hinterlegte AMT-Kennwort ab. Auf der Seite des PCs das richtige hinterlegen.',
  'closed.E2011': 'Für diesen PC ist kein AMT-Kennwort hinterlegt. Auf der Seite des PCs hinterlegen.',
  'closed.E2030': 'Jemand benutzt es gerade: {detail}',
  'closed.E2031': 'Das ist auf diesem PC ausgeschaltet. In seinen AMT-Funktionen einschalten, dann noch einmal versuchen.',
  'closed.E2032': 'Die Person am PC muss erst zustimmen: nach dem Code fragen, den der Bildschirm zeigt.',
  'closed.E2033': 'Der PC hat es beendet: {detail}',
  'closed.E2035': 'Jemand hat übernommen: {detail}',
  'closed.E2036': 'Jemand hat es beendet: {detail}',
  'closed.E2037': 'Diese Seite hat zu lange nicht angenommen, was der PC sendet.',
  'closed.E2038': 'Die Seite hat etwas gesagt, das nicht dorthin gehört: {detail}',
  'closed.E2041': 'Der PC hat es beendet, weil minutenlang niemand Tastatur oder Maus benutzt hat.',
  'closed.E2062': 'Der PC hat ein anderes Zertifikat als früher. Wurde AMT neu eingerichtet?',
  'closed.E2063': 'TLS mit dem PC ist gescheitert: {detail}',
  'closed.E3001': 'Nicht mehr angemeldet, oder das Recht zum Öffnen ist keines.',
  'closed.E3002': 'Das Recht zum Öffnen ist abgelaufen. Noch einmal verbinden.',
  'closed.E3004': 'Das Recht dazu wurde entzogen.',
  'closed.E3011': 'Das Recht zum Öffnen wurde schon benutzt. Noch einmal verbinden.',
  'closed.E3012': 'Das Recht zum Öffnen gilt für etwas anderes: {detail}',
  'closed.E4001': 'Der Server hat einen Fehler: {detail}',
  'closed.E4002': 'Das Audit-Log kann nicht geschrieben werden, deshalb geschah nichts.',
  'closed.E4003': 'Die Datenbank des Servers antwortet nicht.',
  'closed.E4005': 'Der Server wird angehalten. Neu verbinden, wenn er wieder da ist.',
  'closed.E4008': 'Der Vault, der die Kennwörter verwahrt, hat keines herausgegeben.',
  'closed.lost': 'Die Verbindung zum Server ist abgerissen.'
}
