// Who uses screens, terminals and drives.

export const redirections = {
  'redirections.empty': 'Nobody uses a screen, terminal or drive now.',
  'redirections.end': 'End',
  'redirections.emptyHint': 'Open a PC and show its screen, terminal or media.',
  'redirections.ended': 'The session of {user} on {name} is ended.',
  'redirections.mode': 'What',
  'redirections.mode.kvm': 'Screen',
  'redirections.mode.sol': 'Terminal',
  'redirections.mode.ider': 'Drive',
  'redirections.mode.wsman': 'WS-Man',
  'redirections.from': 'From',
  'redirections.since': 'Since',
  'redirections.idle': 'Idle',
  'redirections.seconds': '{n} s'
}
