// Keyboard layouts of PCs. AMT takes the keys of a US keyboard and the PC's system reads them by its own layout, so a text
// is typed with those US keys that stand where the PC's layout has each letter.

const SHIFT = 0xffe1
const ALT_GR = 0xffea
const SPACE = 0x20

const US = ['`1234567890-=qwertyuiop[]\\asdfghjkl;\'zxcvbnm,./', '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?'] as const

interface Layout {
  /** What the same keys give without and with Shift, in the order of `US`. */
  rows: readonly [string, string]
  /** Letters with AltGr, each followed by the US key. */
  altGr: string
  /** Keys that wait for the next one; a space after them gives the letter itself. */
  dead: string
}

export const LAYOUTS = {
  us: { rows: US, altGr: '', dead: '' },
  de: {
    rows: ['^1234567890ß´qwertzuiopü+#asdfghjklöäyxcvbnm,.-', '°!"§$%&/()=?`QWERTZUIOPÜ*\'ASDFGHJKLÖÄYXCVBNM;:_'],
    altGr: '@q€e{7[8]9}0\\-~]µm²2³3', dead: '^´`'
  },
  fr: {
    rows: ['²&é"\'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!', '~1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§'],
    altGr: '~2#3{4[5|6`7\\8^9@0]-}=€e', dead: '^¨~`'
  },
  gb: {
    rows: ['`1234567890-=qwertyuiop[]#asdfghjkl;\'zxcvbnm,./', '¬!"£$%^&*()_+QWERTYUIOP{}~ASDFGHJKL:@ZXCVBNM<>?'],
    altGr: '€4¦`', dead: ''
  }
} as const satisfies Record<string, Layout>

export type LayoutName = keyof typeof LAYOUTS

/** The keys for one letter: all down in order, up in reverse, then the next group. Empty when the layout has no such letter. */
export function keysFor(letter: string, name: LayoutName): number[][] {
  if (letter === ' ') return [[SPACE]]
  const { rows, altGr, dead }: Layout = LAYOUTS[name]
  const after = dead.includes(letter) ? [[SPACE]] : []
  const [plain, shifted] = rows.map((row) => [...row].indexOf(letter))
  // A key is named by what it types on the US keyboard, with Shift by what it types then: right for a PC that looks at the
  // name as well as for one that looks at Shift.
  const key = (row: 0 | 1, at: number | undefined) => (US[row][at ?? -1] ?? '').codePointAt(0)
  const [low, high] = [key(0, plain), key(1, shifted)]
  if (low !== undefined) return [[low], ...after]
  if (high !== undefined) return [[SHIFT, high], ...after]
  const at = [...altGr].findIndex((one, place) => place % 2 === 0 && one === letter)
  const third = [...altGr][at + 1]?.codePointAt(0)
  if (at >= 0 && third !== undefined) return [[ALT_GR, third], ...after]
  // A US keyboard has no key for it; AMT may know its name.
  return name === 'us' ? [[keysym(letter)]] : []
}

/** Beyond Latin-1 a keysym is the code point with this bit. */
export function keysym(letter: string): number {
  const code = letter.codePointAt(0) ?? 0
  return code < 0x100 ? code : 0x0100_0000 + code
}
