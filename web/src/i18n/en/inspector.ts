// Calls of a device, and its history.

export const inspector = {
  'device.certificates': 'Certificates',
  'device.inspector': 'Inspector',
  'device.history': 'History',
  'inspector.tunnel': 'Tunnel',
  'inspector.number': 'Number',
  'inspector.from': 'Dialled from',
  'inspector.why': 'Dialled because',
  'inspector.keepalive': 'Keep-alive',
  'inspector.keepaliveWords': 'every {interval} s, given up after {wait} s',
  'inspector.keepaliveOnly': 'every {interval} s',
  'inspector.uses': 'Screens, terminals and drives in use',
  'inspector.idle': 'Nobody uses one now.',
  'inspector.channels': 'Channels of late',
  'inspector.noChannels': 'No channel was opened since the server started.',
  'history.empty': 'Nothing has happened since the server started.',
  'history.filter': 'Kind',
  'history.all': 'all',
  'history.when': 'When',
  'history.what': 'What',

  'certificates.at.root': 'Root for the PCs',
  'certificates.at.cira': 'PCs',
  'certificates.at.web': 'Dashboard',
  'certificates.keys': 'Keys',
  'certificates.empty': 'The PC keeps no certificate of its own.'
}
