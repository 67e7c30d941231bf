// Who did what.

export const audit = {
  'audit.empty': 'Nothing is recorded yet.',
  'audit.nothing': 'No row fits these filters.',
  'audit.actor': 'Who',
  'audit.action': 'Action',
  'audit.device': 'Device (UUID)',
  'audit.result': 'Result',
  'audit.detail': 'Detail',
  'audit.since': 'from',
  'audit.until': 'to',
  'audit.result.intent': 'begun',
  'audit.result.done': 'done',
  'audit.result.failed': 'failed',
  'audit.result.unknown': 'unknown',
  'audit.newer': 'Newer',
  'audit.older': 'Older',
  'audit.rows': '{from} to {to} of {all}',
  'audit.verify': 'Verify',
  'audit.whole': 'The record is whole: {n} rows.',
  'audit.broken': 'Row {seq} is not as it was written: {why}'
}
