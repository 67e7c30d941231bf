// Words that many pages use.

export const common = {
  'state.connected': 'connected',
  'state.away': 'away',
  'state.blocked': 'blocked',
  'common.loading': 'Loading …',
  'common.retry': 'Try again',
  'common.cancel': 'Cancel',
  'common.close': 'Close',
  'common.copy': 'Copy',
  'common.copied': 'Copied',
  'common.asCli': 'Copy as CLI',
  'common.asCurl': 'Copy as curl',
  'common.never': 'never',
  'common.none': 'none',
  'common.show': 'Show',
  'common.search': 'Search',
  'common.yes': 'yes',
  'common.no': 'no',
  'common.all': 'all',
  'common.copyFailed': 'The browser does not let this page copy. The text: {text}',
  'common.save': 'Save',
  'common.export': 'Export',
  'chart.time': 'Time',
  'chart.table': 'As a table',
  'common.actions': 'Actions'
}
