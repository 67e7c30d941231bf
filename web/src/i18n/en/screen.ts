// Screen and user consent.

export const screen = {
  'screen.connect': 'Show the screen',
  'screen.end': 'End',
  'screen.cad': 'Ctrl-Alt-Del',
  'screen.release': 'Release all keys',
  'screen.viewOnly': 'View only',
  'screen.shot': 'Screenshot',
  'screen.full': 'Fit',
  'screen.paste': 'Type a text',
  'screen.state.0': 'not connected',
  'screen.state.1': 'connecting …',
  'screen.state.2': 'signing in …',
  'screen.state.3': 'live',
  'screen.ended': 'The session has ended: {reason}',
  'screen.endedPlain': 'the connection was closed',
  'screen.noPicture': 'No picture after five seconds, though the session is open (E2034). The usual causes: no monitor is attached (an HDMI dummy plug helps), a separate graphics card is in use, or the PC is off.',
  'screen.keys': 'Keys go to the PC while the screen has the focus. Ctrl+Alt+Shift gives the keyboard back.',
  'consent.title': 'User consent',
  'consent.text': 'The PC shows a code of six digits to its user. Ask for it and enter it here.',
  'consent.request': 'Ask for the code',
  'consent.send': 'Send code',
  'consent.cancel': 'Withdraw',
  'consent.sent': 'The PC accepted the code.'
}
