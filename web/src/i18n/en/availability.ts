// When a PC was here.

export const availability = {
  'state.unknown': 'unknown',
  'availability.title': 'Availability',
  'availability.range': 'How far back',
  'availability.24h': '24 h',
  'availability.7d': '7 days',
  'availability.30d': '30 days',
  'availability.share': 'connected {percent} % of the time',
  'availability.now': 'now',
  'availability.noGap': 'It was not away.',
  'availability.gaps': 'Gaps: {n}, {time} in all',
  'availability.from': 'Away from',
  'availability.length': 'For',
  'availability.why': 'What ended the tunnel before',
  'availability.noReason': 'it had not been here yet',
  'availability.hours': 'connected {here} of {known} hours'
}
