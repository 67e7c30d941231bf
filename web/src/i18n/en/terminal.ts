// The serial console.

export const terminal = {
  'terminal.connect': 'Open the terminal',
  'terminal.hint': 'Shows what the PC sends to its serial console: BIOS, boot loader, a system that is set up for it.',
  'terminal.wayOut': 'Keys go to the PC while the terminal has the focus, Tab too. Hold Ctrl+Alt+Shift to get the keyboard back.',
  'terminal.download': 'Download log',
  'terminal.keys': 'Keys …',
  'terminal.keys.bios': 'For BIOS and boot loader (VT100+)',
  'terminal.keys.system': 'For a running system (xterm)',
  'terminal.copy': 'Copy text',
  'terminal.copied': 'The selection is copied.',
  'terminal.copiedAll': 'The whole text is copied.',
  'terminal.notFound': '“{words}” is not there.',
  'terminal.previous': 'Find earlier',
  'terminal.next': 'Find later',
  'terminal.size': 'Columns and rows',
  'terminal.fit': 'as large as fits',
  'terminal.font': 'Size of letters'
}
