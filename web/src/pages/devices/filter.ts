// Which devices are shown: words of the search and the filters of the address.

import type { Device } from '../../api'

export type Status = 'connected' | 'away' | 'blocked'

export function statusOf(d: Device): Status {
  return d.blocked ? 'blocked' : d.connectionStatus ? 'connected' : 'away'
}

export function firmwareOf(d: Device): string {
  return String(d.deviceInfo?.['fwVersion'] ?? '')
}

/** `16` of 16.1.25; empty when it is not known. */
export function generationOf(d: Device): string {
  return /^\d+/.exec(firmwareOf(d))?.[0] ?? ''
}

export interface Indexed {
  device: Device
  text: string
}

export function index(devices: readonly Device[]): Indexed[] {
  return devices.map((device) => ({
    device,
    text: [
      device.name, device.guid, device.fqdn, device.hostname, device.friendlyName, device.address, firmwareOf(device), ...device.tags
    ].join('\n').toLowerCase()
  }))
}

export interface Filter {
  words: string[]
  status: string
  label: string
  generation: string
  notice: string
}

export function filterOf(query: URLSearchParams): Filter {
  const status = query.get('status') ?? ''
  return {
    words: (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean),
    // Links of old have numbers.
    status: status === '1' ? 'connected' : status === '0' ? 'away' : status,
    label: query.get('label') ?? '',
    generation: query.get('amt') ?? '',
    notice: query.get('notice') ?? ''
  }
}

export function fits({ device, text }: Indexed, { words, status, label, generation, notice }: Filter): boolean {
  return (status === '' || statusOf(device) === status)
    && (label === '' || device.tags.includes(label))
    && (generation === '' || generationOf(device) === (generation === '?' ? '' : generation))
    && (notice === '' || device.notices.includes(notice))
    && words.every((word) => text.includes(word))
}
