// Jobs of `/enroll`, as the server describes them.

import type { Said } from '../../i18n/said'
import type { Problem } from '../../api'
import { quoted } from '../../parts'

export interface Milestone {
  name: string
  text: string
  at: string | null
}

export interface Enrolling {
  address: string
  state: 'waiting' | 'reading' | 'changing' | 'following' | 'planned' | 'done' | 'failed' | 'cancelled'
  name: string | null
  guid: string | null
  version: string | null
  controlMode: string | null
  fingerprint: string | null
  steps: { text: string; said?: Said; state: 'planned' | 'done' | 'failed' | 'unknown'; at: string | null }[]
  notes: string[]
  milestones: Milestone[]
  hint: string | null
  problem: Problem | null
}

export interface Enrollment {
  id: number
  by: string
  began: string
  ended: string | null
  dryRun: boolean
  remove: boolean
  devices: Enrolling[]
}

/** The ways in, in order; shown before the first was seen. */
export const WAY = ['tcp', 'tls', 'identity', 'credential', 'ports', 'wsman'] as const

/** When PCs dial in unless somebody says otherwise, here and on the command line. */
export const USUAL = 'user,periodic=25s,alert'

export interface NewEnrollment {
  devices: { address: string; name?: string; fingerprint?: string }[]
  amtUser: string
  amtPassword: string
  mps?: string[]
  triggers?: string
  certificate: 'known' | 'first'
  dryRun: boolean
}

/** The same as a command; on a terminal it shows certificates that nobody knows, and asks. */
export function commandOf({ devices, amtUser, mps, triggers, certificate, dryRun }: Partial<NewEnrollment>): string {
  const [only] = devices?.length === 1 ? devices : []
  return [
    'viaduct enroll lan', ...(devices ?? []).map(({ address }) => quoted(address)), amtUser && `--amt-user ${quoted(amtUser)}`,
    '--amt-password-file -', only?.name && `--name ${quoted(only.name)}`, only?.fingerprint && `--fingerprint ${only.fingerprint}`,
    ...(mps ?? []).map((one) => `--mps ${quoted(one)}`), triggers && triggers !== USUAL && `--trigger ${triggers}`,
    certificate === 'first' && '--yes', dryRun && '--dry-run'
  ].filter(Boolean).join(' ')
}

/** What was asked for in this page's life, by the job's number, so that a job can be begun again without typing it all; kept in no store. */
export const asked = new Map<number, NewEnrollment>()
