// Who uses screens, terminals and drives.

export const redirections = {
  'redirections.empty': 'Nobody uses a screen, terminal or drive now.',
  'redirections.end': 'End'
}
