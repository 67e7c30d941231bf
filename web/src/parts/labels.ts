// Labels as people write them: `site=berlin role=till`.

export function labelText(labels: Record<string, string> | undefined): string {
  return Object.entries(labels ?? {}).map(([key, value]) => (value ? `${key}=${value}` : key)).join(' ')
}

export function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(/[\s,]+/).filter(Boolean).map((word): [string, string] => {
    const at = word.indexOf('=')
    return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
  })
  return Object.fromEntries(pairs)
}
