// Who may do what.

export const permissions = {
  'permissions.title': 'Permissions',
  'permissions.about': 'What somebody may do with the PCs they see, as the server itself judges it. Where AMT wants the consent of the person at the PC, that is needed as well.',
  'permissions.of': 'Whose',
  'permissions.me': 'You',
  'permissions.user': 'Users',
  'permissions.token': 'Tokens',
  'permissions.role': 'Roles',
  'permissions.scope': 'Scopes of tokens',
  'permissions.device': 'With this PC (name or UUID)',
  'permissions.sees': 'Sees this PC',
  'permissions.right': 'Right',
  'permissions.allRights': 'Show all rights',
  'permissions.tokenScope': 'token: {scope}',
  'permissions.yes': '{name} may do this.',
  'permissions.no': '{name} may not do this.',
  'permissions.roles': 'Roles that have this right: {roles}',
  'permissions.scopes': 'Scopes of tokens that have it: {scopes}',
  'permissions.unknown': 'The server knows no right called {right}.',
  'permissions.whyNot': 'Why may I not?',
  'account.permissions': 'What you may do'
}
