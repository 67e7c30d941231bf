// Files made in the browser.

export function download(name: string, content: BlobPart, type = 'text/plain') {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([content], { type }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

/** A field that a spreadsheet would run as a formula begins with a quote. */
function field(value: string | number | null | undefined): string {
  const text = String(value ?? '')
  const harmless = /^[=+\-@\t\r]/.test(text) && typeof value !== 'number' ? `'${text}` : text
  return /[",\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

export function csv(rows: (string | number | null | undefined)[][]): string {
  return rows.map((row) => row.map(field).join(',')).join('\r\n') + '\r\n'
}
