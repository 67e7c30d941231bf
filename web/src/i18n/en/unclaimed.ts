// PCs that knocked without being known.

export const unclaimed = {
  'unclaimed.empty': 'No unknown PC has knocked.',
  'unclaimed.approve': 'Approve',
  'unclaimed.block': 'Block',
  'unclaimed.times': '{n} times, last {when} from {address}',
  'unclaimed.issued': 'Give the PC this user and password; they are not shown again:',
  'unclaimed.about': 'PCs that called this server and have no entry here. Nothing about them is proven.',
  'unclaimed.emptyHint': 'A PC that is configured for this server and not known here shows up on this page by itself.',
  'unclaimed.user': 'CIRA user',
  'unclaimed.first': 'First',
  'unclaimed.last': 'Last',
  'unclaimed.count': 'Times',
  'unclaimed.ignore': 'Ignore',
  'unclaimed.blocked': 'It is turned away from now on.',
  'unclaimed.forgotten': 'Forgotten until it knocks again.',
  'unclaimed.taken': '{name} is taken in',
  'unclaimed.known': 'It presented the same credential each time, and that counts from now on. It is here as soon as it dials in again.',
  'unclaimed.open': 'Open it',
  'unclaimed.password': 'CIRA password that the PC has',
  'unclaimed.passwordHint': 'Leave it empty to accept what the PC presents. Where it presented several, a new one is made and shown once.'
}
