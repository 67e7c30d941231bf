// What goes over a serial console: keys that terminals disagree about, and what a PC may not send.

/** Sizes that firmware and boot loaders draw for. */
export const SIZES = ['80×24', '80×25', '100×31', '132×43'] as const

const ESCAPE = '\x1b'
const named = (name: (at: number) => string, texts: string[]) => Object.fromEntries(texts.map((text, at) => [name(at), ESCAPE + text]))
const key = (at: number) => `F${at + 1}`

/** BIOS setups take those of VT100+, systems those of xterm. */
export const FUNCTION_KEYS = {
  bios: { ...named(key, [...'1234567890!@']), Del: `${ESCAPE}-`, Esc: ESCAPE },
  system: {
    ...named(key, ['OP', 'OQ', 'OR', 'OS', '[15~', '[17~', '[18~', '[19~', '[20~', '[21~', '[23~', '[24~']),
    Del: `${ESCAPE}[3~`, 'Ctrl+C': '\x03', 'Ctrl+Z': '\x1a'
  }
} as const

/** Sequences that make a terminal answer, rename the window or reach the clipboard are not for a PC to send. */
// eslint-disable-next-line no-control-regex
const HARMFUL = /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b\[[>=?]?[0-9;]*[cn]|\x05/g
/** The beginning of one, whose rest comes with the next piece. */
// eslint-disable-next-line no-control-regex
const BEGUN = /\x1b(?:\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|\[[>=?]?[0-9;]*)?$/
/** A sequence longer than this is none; what was held back is thrown away. */
const LONGEST = 4_096

/** Takes what harms out of a stream that comes in pieces. */
export class Filter {
  private held = ''

  take(piece: string): string {
    const text = (this.held + piece).replace(HARMFUL, '')
    const at = BEGUN.exec(text)?.index ?? text.length
    this.held = text.slice(at)
    if (this.held.length > LONGEST) this.held = ''
    return text.slice(0, at)
  }
}
