// Labels as people write them: `site=berlin role=till`.

import { quoted } from './shells'

export function labelText(labels: Record<string, string> | undefined): string {
  return Object.entries(labels ?? {}).map(([key, value]) => (value ? `${key}=${value}` : key)).join(' ')
}

/** For `viaduct devices label`, where a dash at the end takes a label (null) away. */
export const labelWords = (labels: Record<string, string | null>): string =>
  Object.entries(labels).map(([key, value]) => {
    if (value === null) return quoted(`${key}-`)
    return quoted(value || key.endsWith('-') ? `${key}=${value}` : key)
  }).join(' ')

/** For commands that take each as an option. */
export const labelOptions = (labels: Record<string, string>): string =>
  Object.entries(labels).map(([key, value]) => ` --label=${quoted(value ? `${key}=${value}` : key)}`).join('')

export function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(/[\s,]+/).filter(Boolean).map((word): [string, string] => {
    const at = word.indexOf('=')
    return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
  })
  return Object.fromEntries(pairs)
}
