// What AMT itself has switched on.

export const features = {
  'device.features': 'AMT',
  'features.title': 'Switched on in AMT',
  'features.KVM': 'Screen (KVM)',
  'features.SOL': 'Terminal (SOL)',
  'features.IDER': 'Drives (IDE-R)',
  'features.on': 'on',
  'features.off': 'off',
  'features.missing': 'this PC has none',
  'features.switchOn': 'Switch on',
  'features.switchOff': 'Switch off',
  'features.done': '{what} is {state} now.',
  'features.consent': 'Ask the person at the PC',
  'features.consent.none': 'never',
  'features.consent.kvm': 'for the screen',
  'features.consent.all': 'for screen, terminal, drives and boot options',
  'features.less': 'The person at the PC is then asked less than now. AMT allows this in admin control mode only.',
  'features.consentDone': 'The consent policy is changed.',
  'features.clock': 'Clock of AMT',
  'features.accounts': 'Accounts of AMT',
  'features.offset': '{n} s beside the clock of this server'
}
