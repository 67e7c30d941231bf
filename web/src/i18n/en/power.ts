// Power actions and states.

export const power = {
  'power.title': 'Power',
  'power.more': 'More …',
  'power.on': 'Power on',
  'power.off': 'Power off',
  'power.reset': 'Reset',
  'power.cycle': 'Power cycle',
  'power.sleep': 'Sleep',
  'power.hibernate': 'Hibernate',
  'power.gracefulOff': 'Shut down',
  'power.gracefulReset': 'Restart',
  'power.bios': 'Reset to BIOS',
  'power.pxe': 'Reset to network boot',
  'power.asked': '{action}: {name}',
  'power.confirm': '{action}: {name}?',
  'power.lost': 'Unsaved work on that PC is lost.',
  'power.closes': 'The screen or terminal that is open here is closed first.',
  'power.closed': 'The screen or terminal was closed first.',
  'power.sent': '{action}: done',
  'power.unknown': 'unknown',
  'power.2': 'on',
  'power.3': 'sleeping',
  'power.4': 'sleeping deeply',
  'power.6': 'off',
  'power.7': 'hibernated',
  'power.8': 'off'
}
