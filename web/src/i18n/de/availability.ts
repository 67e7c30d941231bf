// Wann ein PC da war.

export const availability = {
  'state.unknown': 'unbekannt',
  'availability.title': 'Verfügbarkeit',
  'availability.range': 'Wie weit zurück',
  'availability.24h': '24 Std.',
  'availability.7d': '7 Tage',
  'availability.30d': '30 Tage',
  'availability.share': '{percent} % der Zeit verbunden',
  'availability.now': 'jetzt',
  'availability.noGap': 'Er war nicht weg.',
  'availability.gaps': 'Lücken: {n}, zusammen {time}',
  'availability.from': 'Weg seit',
  'availability.length': 'Dauer',
  'availability.why': 'Was den Tunnel davor beendet hat',
  'availability.noReason': 'er war noch nie da',
  'availability.hours': '{here} von {known} Stunden verbunden'
}
