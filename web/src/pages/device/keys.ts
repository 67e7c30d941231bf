// Keys of a screen: X keysyms, combinations people need, and texts typed key by key.

import { CommsHelper, type AMTRedirector } from '@device-management-toolkit/ui-toolkit/core'

const UP = 0
const DOWN = 1
const ENTER = 0xff0d
const TAB = 0xff09

/** Keys that get stuck when the focus leaves while they are down: Shift, Control, Meta, Alt and Windows, left and right. */
const MODIFIERS = [0xffe1, 0xffe2, 0xffe3, 0xffe4, 0xffe7, 0xffe8, 0xffe9, 0xffea, 0xffeb, 0xffec]

const CTRL = 0xffe3
const ALT = 0xffe9
const WIN = 0xffeb
const SHIFT = 0xffe1

/** What a browser or the operating system keeps for itself, or a laptop's keyboard does not have. */
export const COMBINATIONS: Record<string, number[]> = {
  'Ctrl+Alt+Del': [CTRL, ALT, 0xffff],
  'Alt+Tab': [ALT, TAB],
  'Alt+F4': [ALT, 0xffc1],
  'Ctrl+Esc': [CTRL, 0xff1b],
  'Ctrl+Shift+Esc': [CTRL, SHIFT, 0xff1b],
  Win: [WIN],
  'Win+L': [WIN, 0x6c],
  'Win+R': [WIN, 0x72],
  Esc: [0xff1b],
  Del: [0xffff],
  ...Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`F${at + 1}`, [0xffbe + at]])),
  'Ctrl+Alt+F1': [CTRL, ALT, 0xffbe],
  'Ctrl+Alt+F7': [CTRL, ALT, 0xffc4],
  'Print Screen': [0xff61],
  'Scroll Lock': [0xff14]
}

/** All down in order, all up in reverse. */
export function press(to: AMTRedirector, keys: number[]) {
  keys.forEach((key) => CommsHelper.sendKey(to, key, DOWN))
  keys.slice().reverse().forEach((key) => CommsHelper.sendKey(to, key, UP))
}

export function release(to: AMTRedirector) {
  MODIFIERS.forEach((key) => CommsHelper.sendKey(to, key, UP))
}

export function type(to: AMTRedirector, text: string) {
  for (const letter of text.replaceAll('\r\n', '\n')) {
    const code = letter.codePointAt(0) ?? 0
    // Beyond Latin-1 a keysym is the code point with this bit.
    press(to, [letter === '\n' ? ENTER : letter === '\t' ? TAB : code < 0x100 ? code : 0x0100_0000 + code])
  }
}
