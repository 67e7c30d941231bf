// Was AMT selbst eingeschaltet hat.

export const features = {
  'device.features': 'AMT',
  'features.title': 'In AMT eingeschaltet',
  'features.KVM': 'Bildschirm (KVM)',
  'features.SOL': 'Terminal (SOL)',
  'features.IDER': 'Laufwerke (IDE-R)',
  'features.on': 'ein',
  'features.off': 'aus',
  'features.missing': 'hat dieser PC nicht',
  'features.switchOn': 'Einschalten',
  'features.switchOff': 'Ausschalten',
  'features.done': '{what} ist jetzt {state}.',
  'features.consent': 'Die Person am PC fragen',
  'features.consent.none': 'nie',
  'features.consent.kvm': 'für den Bildschirm',
  'features.consent.all': 'für Bildschirm, Terminal, Laufwerke und Startoptionen',
  'features.less': 'Die Person am PC wird dann weniger gefragt als bisher. AMT erlaubt das nur im Admin-Control-Mode.',
  'features.consentDone': 'Die Zustimmungsregel ist geändert.',
  'features.clock': 'Uhr von AMT',
  'features.accounts': 'Konten von AMT',
  'features.offset': '{n} s neben der Uhr dieses Servers'
}
