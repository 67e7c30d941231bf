// Keys of a screen: X keysyms, combinations people need, and texts typed key by key.

import { CommsHelper, type AMTRedirector } from '@device-management-toolkit/ui-toolkit/core'
import { keysFor, type LayoutName } from './layouts'

const UP = 0
const DOWN = 1
const ENTER = 0xff0d
const TAB = 0xff09

/** Keys that get stuck, also by what happened before this page came: Shift, Control, Meta, Alt and Windows, left and right. */
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

/** RFB's message about a key: its kind, whether it is down, two bytes of nothing, the key. */
const KEY = 4

/** Keeps `held` to the keys that the PC was told are down, by each message that is sent to it. */
export function follow(message: string, held: Set<number>) {
  const byte = (at: number) => message.charCodeAt(at)
  if (byte(0) !== KEY || message.length !== 8) return
  const key = ((byte(4) << 24) | (byte(5) << 16) | (byte(6) << 8) | byte(7)) >>> 0
  if (byte(1) === DOWN) held.add(key)
  else held.delete(key)
}

/** What is held goes up, and whatever else is known to get stuck. */
export function release(to: AMTRedirector, held: Iterable<number> = []) {
  new Set([...held, ...MODIFIERS]).forEach((key) => CommsHelper.sendKey(to, key, UP))
}

/** Letters sent at once, and the pause after them in milliseconds, lest the PC's keyboard buffer runs over. */
const BURST = 8
const PAUSE = 30

/** Types a text with the keys of the PC's layout; gives the letters that this layout does not have. */
export async function type(to: AMTRedirector, text: string, layout: LayoutName): Promise<string> {
  let missing = ''
  let sent = 0
  for (const letter of text.replaceAll('\r\n', '\n')) {
    const groups = letter === '\n' ? [[ENTER]] : letter === '\t' ? [[TAB]] : keysFor(letter, layout)
    if (groups.length === 0) missing += letter
    groups.forEach((keys) => press(to, keys))
    if (++sent % BURST === 0) await new Promise((done) => setTimeout(done, PAUSE))
  }
  return missing
}
