// Wer was getan hat.

import type { audit as words } from '../en/audit'

export const audit: Record<keyof typeof words, string> = {
  'audit.empty': 'Noch ist nichts aufgezeichnet.'
}
