// The frame around every page, and refusals.

export const frame = {
  'app.name': 'Viaduct',
  'app.unreachable': 'The server does not answer. The page shows what was known before.',
  'nav.overview': 'Overview',
  'nav.devices': 'Devices',
  'nav.unclaimed': 'Unclaimed',
  'nav.redirections': 'Redirections',
  'nav.events': 'Events',
  'nav.audit': 'Audit',
  'nav.tokens': 'Tokens',
  'nav.settings': 'Settings',
  'nav.signout': 'Sign out',
  'nav.skip': 'Skip to the content',
  'theme.auto': 'Automatic colours',
  'theme.light': 'Light',
  'theme.dark': 'Dark',
  'theme.contrast': 'High contrast',
  'language': 'Language',
  'error.0': 'The server does not answer.',
  'error.403': 'You may not do this.',
  'error.404': 'Not there (any more).',
  'error.504': 'The PC did not answer in time.',
  'theme': 'Colours'
}
