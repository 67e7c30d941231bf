// The list of devices.

export const devices = {
  'devices.empty': 'No PC is known yet.',
  'devices.emptyHint': 'Add one: `viaduct enroll lan ADDRESS`, or `viaduct devices add NAME --guid UUID`. Without a PC at hand, `viaduct demo` brings simulated ones.',
  'devices.nothing': 'No PC fits these filters.',
  'devices.count': '{shown} of {all}',
  'devices.filter.all': 'all',
  'devices.name': 'Name',
  'devices.state': 'State',
  'devices.firmware': 'AMT',
  'devices.address': 'Address',
  'devices.labels': 'Labels',
  'devices.seen': 'Last seen',
  'devices.selected': '{n} selected',
  'devices.bulk': 'Power for the selection',
  'devices.bulkConfirm': 'This acts on {n} PCs. Type {n} to go on.',
  'devices.bulkDone': '{ok} done, {failed} failed'
}
