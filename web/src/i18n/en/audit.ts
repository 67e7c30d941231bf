// Who did what.

export const audit = {
  'audit.empty': 'Nothing is recorded yet.'
}
