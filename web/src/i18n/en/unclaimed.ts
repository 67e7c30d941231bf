// PCs that knocked without being known.

export const unclaimed = {
  'unclaimed.empty': 'No unknown PC has knocked.',
  'unclaimed.approve': 'Approve',
  'unclaimed.block': 'Block',
  'unclaimed.times': '{n} times, last {when} from {address}',
  'unclaimed.issued': 'Give the PC this credential; it is not shown again:'
}
