// Users, roles and tokens.

export const people = {
  'tokens.empty': 'No token yet.',
  'tokens.name': 'Name',
  'tokens.scope': 'Scope',
  'tokens.expires': 'Ends',
  'tokens.used': 'Last used',
  'tokens.make': 'Make a token',
  'tokens.revoke': 'Revoke',
  'tokens.once': 'Copy it now; it is not shown again:'
}
