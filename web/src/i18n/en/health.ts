// How the server itself is.

export const health = {
  'health.ok': 'well',
  'health.warn': 'wants attention',
  'health.bad': 'does not work',
  'health.server': 'Server',
  'health.version': 'Version',
  'health.started': 'Started',
  'health.clock': 'Clock',
  'health.clockSame': 'the same as this browser',
  'health.clockOff': '{n} seconds from this browser',
  'health.bundle': 'Support bundle',
  'health.bundleHint': 'A file with the state and the events of this server, for whoever helps. Names, addresses and UUIDs are replaced, secrets left out.',
  'health.bundled': 'Saved. Look it over before you pass it on.',
  'health.name.listeners': 'Listeners',
  'health.name.store': 'Database',
  'health.name.audit': 'Audit log',
  'health.name.clock': 'Clock',
  'health.name.disk': 'Disk',
  'health.name.files': 'Open files',
  'health.name.certificates': 'Certificate',
  'health.name.users': 'Users',
  'health.name.events': 'Event receivers'
}
