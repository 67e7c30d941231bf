// Certificates as people have them.

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/

/** The DER of the first certificate of a PEM text, in base64; nothing when there is none. */
export function derOf(text: string): string | undefined {
  return PEM.exec(text)?.[1]?.replace(/\s+/g, '') || undefined
}
