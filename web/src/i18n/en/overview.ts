// The fleet at a glance.

export const overview = {
  'overview.known': 'known PCs',
  'overview.connected': 'connected',
  'overview.away': 'away',
  'overview.unclaimed': 'unclaimed',
  'overview.channels': 'open channels',
  'overview.traffic': 'from PCs / to PCs',
  'overview.attention': 'Needs attention',
  'overview.allwell': 'Nothing needs attention.',
  'overview.certificates': 'Certificates',
  'overview.ends': '{listener}: {subject} ends in {days} days',
  'overview.notback': 'Away now',
  'overview.recent': 'What happened',
  'overview.quiet': 'Nothing has happened since this page was opened.'
}
