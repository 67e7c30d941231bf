// Anfragen an ein Gerät, und seine Geschichte.

import type { inspector as words } from '../en/inspector'

export const inspector: Record<keyof typeof words, string> = {
}
