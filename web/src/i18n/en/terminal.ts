// The serial console.

export const terminal = {
  'terminal.connect': 'Open the terminal',
  'terminal.download': 'Download log'
}
