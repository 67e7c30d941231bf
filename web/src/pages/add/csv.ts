// A list of PCs as spreadsheets write it (RFC 4180), and as the server takes it.

import { t } from '../../i18n'

/** A PC as it is sent; `NewDevice` of the interface. */
export interface Wish {
  guid: string
  name?: string
  fqdn?: string
  labels?: Record<string, string>
  mpsusername?: string
  ciraPassword?: string
  amtUser?: string
  amtPassword?: string
}

/** What is on one line. */
export interface Line {
  line: number
  wish: Wish
}

/** Why a line cannot be read. */
export interface Fault {
  line: number
  why: string
}

export const COLUMNS = ['name', 'guid', 'fqdn', 'labels', 'cira_user', 'cira_password', 'amt_user', 'amt_password'] as const

const GUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

interface Parsed {
  line: number
  fields: string[]
}

/** The records with the lines they begin on; empty lines are left out. */
function recordsOf(text: string): Parsed[] {
  const records: Parsed[] = []
  let fields: string[] = []
  let field = ''
  let quoted = false
  let [line, begin] = [1, 1]
  const finish = () => {
    fields.push(field)
    if (fields.some((one) => one !== '')) records.push({ line: begin, fields })
    fields = []
    field = ''
  }
  const plain = text.replace(/^\ufeff/, '')
  for (let at = 0; at < plain.length; at++) {
    const c = plain[at]
    if (c === '"' && quoted && plain[at + 1] === '"') {
      field += '"'
      at++
    } else if (c === '"') quoted = !quoted
    else if (c === ',' && !quoted) {
      fields.push(field)
      field = ''
    } else if (c === '\n') {
      line++
      if (quoted) field += c
      else {
        finish()
        begin = line
      }
    } else if (c !== '\r' || quoted) field += c
  }
  if (quoted) throw new Faulty({ line: begin, why: t('import.problem.quote') })
  finish()
  return records
}

class Faulty extends Error {
  constructor(readonly fault: Fault) {
    super(fault.why)
  }
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries(text.split(/\s+/).filter(Boolean).map((label): [string, string] => {
    const at = label.indexOf('=')
    if (at < 1) throw new Error(t('import.problem.label', { label }))
    return [label.slice(0, at), label.slice(at + 1)]
  }))
}

function wishOf(head: string[], fields: string[]): Wish {
  if (fields.length !== head.length) throw new Error(t('import.problem.count', { given: fields.length, wanted: head.length }))
  const all = Object.fromEntries(head.map((column, at) => [column, fields[at]?.trim() ?? '']))
  const guid = all['guid'] ?? ''
  if (!GUID.test(guid)) throw new Error(t('import.problem.guid', { guid }))
  return {
    guid,
    ...(all['name'] && { name: all['name'] }),
    ...(all['fqdn'] && { fqdn: all['fqdn'] }),
    ...(all['labels'] && { labels: labelsOf(all['labels']) }),
    ...(all['cira_user'] && { mpsusername: all['cira_user'] }),
    ...(all['cira_password'] && { ciraPassword: all['cira_password'] }),
    ...(all['amt_user'] && { amtUser: all['amt_user'] }),
    ...(all['amt_password'] && { amtPassword: all['amt_password'] })
  }
}

/** All lines, and what is wrong with those that cannot be read. */
export function listOf(text: string): { lines: Line[]; faults: Fault[] } {
  const lines: Line[] = []
  const faults: Fault[] = []
  try {
    const [first, ...rest] = recordsOf(text)
    if (!first || rest.length === 0) throw new Faulty({ line: 1, why: t('import.problem.empty') })
    const head = first.fields.map((column) => column.trim().toLowerCase())
    const unknown = head.find((column) => !COLUMNS.some((known) => known === column))
    if (unknown !== undefined) throw new Faulty({ line: first.line, why: t('import.problem.column', { column: unknown }) })
    if (!head.includes('guid')) throw new Faulty({ line: first.line, why: t('import.problem.noGuid') })
    for (const { line, fields } of rest) {
      try {
        lines.push({ line, wish: wishOf(head, fields) })
      } catch (error) {
        faults.push({ line, why: (error as Error).message })
      }
    }
  } catch (error) {
    if (!(error instanceof Faulty)) throw error
    faults.push(error.fault)
  }
  return { lines, faults }
}
