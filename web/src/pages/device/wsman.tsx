// Any class of the device: read by whoever may, changed by those who may write, after the PC's name was typed.

import { useState, type FormEvent } from 'react'
import { Link } from 'wouter'
import { ApiError, ask, post, type Device } from '../../api'
import { t } from '../../i18n'
import { Dialog, Failure, quoted, Shells, toast, useAction } from '../../parts'
import { useMay } from '../../session'
import { Value } from './answers'

const SUGGESTED = [
  'AMT_GeneralSettings', 'AMT_SetupAndConfigurationService', 'AMT_RedirectionService', 'AMT_BootCapabilities',
  'AMT_BootSettingData', 'AMT_EthernetPortSettings', 'AMT_ManagementPresenceRemoteSAP', 'AMT_RemoteAccessPolicyRule',
  'CIM_AssociatedPowerManagementService', 'CIM_BIOSElement', 'CIM_Chassis', 'CIM_ComputerSystemPackage',
  'CIM_KVMRedirectionSAP', 'CIM_PhysicalMemory', 'CIM_Processor', 'CIM_SoftwareIdentity', 'IPS_OptInService'
]

const READS = ['enumerate', 'get'] as const
const WRITES = ['put', 'invoke'] as const
type Operation = (typeof READS)[number] | (typeof WRITES)[number]

/** The right to change anything. */
const RIGHT = 'wsman.write'

type Fields = Record<string, unknown>

const bad = (title: string) => new ApiError(400, { title })

/** `line`: of which it is a part; the whole text without. */
function jsonOf(text: string, line?: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = (error as Error).message
    throw bad(line ? t('wsman.badValue', { line, why }) : t('wsman.badJson', { why }))
  }
}

/** `NAME=VALUE` and `NAME:=JSON`, as the command line takes them. */
function fieldOf(line: string): [string, unknown] {
  const at = line.indexOf('=')
  const [name, value] = [line.slice(0, Math.max(at, 0)).trim(), line.slice(at + 1).trim()]
  const isJson = name.endsWith(':')
  const plain = isJson ? name.slice(0, -1).trim() : name
  if (!plain) throw bad(t('wsman.bad', { line }))
  return [plain, isJson ? jsonOf(value, line) : value]
}

/** Fields a line each, or all of them as JSON; a name that comes twice makes an array. */
function fieldsOf(text: string): Fields {
  if (text.trim().startsWith('{')) return jsonOf(text) as Fields
  const all: Fields = {}
  for (const [name, value] of text.split('\n').map((one) => one.trim()).filter(Boolean).map(fieldOf)) {
    all[name] = name in all ? [all[name], value].flat() : value
  }
  return all
}

interface Wish {
  operation: Operation
  class: string
  method?: string
  merge?: boolean
  selectors?: Fields
  properties?: Fields
  arguments?: Fields
}

interface Form {
  operation: Operation
  name: string
  keys: string
  method: string
  fields: string
}

function wishOf({ operation, name, keys, method, fields }: Form): Wish {
  const selectors = operation === 'enumerate' ? {} : fieldsOf(keys)
  const wish: Wish = { operation, class: name.trim(), ...(Object.keys(selectors).length > 0 && { selectors }) }
  if (operation === 'put') return { ...wish, merge: true, properties: fieldsOf(fields) }
  if (operation === 'invoke') return { ...wish, method: method.trim(), arguments: fieldsOf(fields) }
  return wish
}

/** A field as a word of the command line: text as it is, what has parts as JSON; a name that comes twice makes an array. */
function wordsOf([name, value]: [string, unknown]): string[] {
  const plain = (one: unknown) => typeof one !== 'object'
  if (Array.isArray(value) && value.length > 1 && value.every(plain)) return value.map((one) => quoted(`${name}=${String(one)}`))
  return [quoted(plain(value) ? `${name}=${String(value)}` : `${name}:=${JSON.stringify(value)}`)]
}

/** The same as a command. */
function cliOf(device: string, wish: Wish): string {
  const given = Object.entries(wish.properties ?? wish.arguments ?? {}).flatMap(wordsOf)
  const keys = Object.entries(wish.selectors ?? {}).flatMap(wordsOf).map((one) => `--key ${one}`)
  const verb = wish.operation === 'enumerate' ? 'enum' : wish.operation
  const method = wish.operation === 'invoke' ? [quoted(wish.method || 'METHOD')] : []
  return ['viaduct wsman', verb, quoted(device), quoted(wish.class || 'CLASS'), ...method, ...given, ...keys].join(' ')
}

export function WsMan({ device }: { device: Device }) {
  const [form, setForm] = useState<Form>({ operation: 'enumerate', name: '', keys: '', method: '', fields: '' })
  const [answer, setAnswer] = useState<{ of: string; value: unknown }>()
  const [asked, setAsked] = useState<Wish>()
  const action = useAction()
  const may = useMay()(RIGHT)
  const set = (change: Partial<Form>) => setForm({ ...form, ...change })
  const writes = form.operation === 'put' || form.operation === 'invoke'
  const path = `/wsman/${device.guid}`
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    void action.run(async () => {
      const wish = wishOf(form)
      if (wish.properties && Object.keys(wish.properties).length === 0) throw new ApiError(400, { title: t('wsman.empty') })
      if (writes) setAsked(wish)
      else setAnswer({ of: wish.class, value: await ask<unknown>(path, wish) })
    })
  }
  return (
    <>
      <p className="muted">{t('wsman.about')}</p>
      {!may && <p>{t('wsman.mayNot')} <Link href={`/permissions?right=${RIGHT}`}>{t('permissions.whyNot')}</Link></p>}
      <form className="wide-form" onSubmit={submit}>
        <label>{t('wsman.operation')}
          <select value={form.operation} onChange={(e) => set({ operation: e.target.value as Operation, fields: '' })}>
            {READS.map((one) => <option key={one} value={one}>{t(`wsman.${one}`)}</option>)}
            {WRITES.map((one) => <option key={one} value={one} disabled={!may}>{t(`wsman.${one}`)}</option>)}
          </select>
        </label>
        <label>{t('wsman.class')}<input list="classes" required autoComplete="off" value={form.name} onChange={(e) => set({ name: e.target.value })} /></label>
        <datalist id="classes">{SUGGESTED.map((name) => <option key={name} value={name} />)}</datalist>
        {form.operation === 'invoke' && (
          <label>{t('wsman.method')}<input required autoComplete="off" pattern="[A-Za-z0-9_]+" value={form.method} onChange={(e) => set({ method: e.target.value })} /></label>
        )}
        {writes && (
          <label>{t(form.operation === 'put' ? 'wsman.properties' : 'wsman.arguments')}
            <textarea rows={3} spellCheck={false} value={form.fields} onChange={(e) => set({ fields: e.target.value })} />
            <small className="muted">{t(form.operation === 'put' ? 'wsman.propertiesHint' : 'wsman.argumentsHint')}</small>
          </label>
        )}
        {form.operation !== 'enumerate' && (
          <label>{t('wsman.keys')}
            <textarea rows={2} spellCheck={false} value={form.keys} onChange={(e) => set({ keys: e.target.value })} />
            <small className="muted">{t('wsman.keysHint')}</small>
          </label>
        )}
        {action.error && <Failure error={action.error} />}
        <p className="actions">
          <button className="primary" disabled={action.busy}>{t(writes ? 'wsman.ask' : 'wsman.read')}</button>
          <Commands device={device} form={form} />
        </p>
      </form>
      {answer && (
        <section aria-live="polite">
          <h2>{t('wsman.result')}: <code>{answer.of}</code></h2>
          {isNothing(answer.value) ? <p className="muted">{t('wsman.nothing')}</p> : <Value value={answer.value} />}
        </section>
      )}
      {asked && (
        <Confirm
          device={device} wish={asked} close={() => setAsked(undefined)}
          done={(value) => { setAsked(undefined); setAnswer({ of: nameOf(asked), value }) }}
        />
      )}
    </>
  )
}

const nameOf = (wish: Wish) => (wish.method ? `${wish.class}.${wish.method}` : `Put ${wish.class}`)
const isNothing = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0

/** On offer as soon as what was typed can be understood. */
function Commands({ device, form }: { device: Device; form: Form }) {
  try {
    const wish = wishOf(form)
    return <Shells cli={cliOf(device.name || device.guid, wish)} method="POST" path={`/wsman/${device.guid}`} body={wish} />
  } catch {
    return null
  }
}

interface ConfirmProps {
  device: Device
  wish: Wish
  close: () => void
  done: (answer: unknown) => void
}

function Confirm({ device, wish, close, done }: ConfirmProps) {
  const name = device.name || device.guid
  const path = `/wsman/${device.guid}`
  const what = nameOf(wish)
  const [typed, setTyped] = useState('')
  const action = useAction()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    void action.run(async () => {
      const answer = await post<{ ReturnValue?: number; ReturnValueStr?: string }>(path, wish)
      const value = answer?.ReturnValue
      // An answer other than 0 is one to look at too.
      if (value) toast(t('wsman.refused', { value, text: answer.ReturnValueStr ?? '' }), 'problem')
      else toast(t('wsman.done', { what }))
      done(answer)
    })
  }
  return (
    <Dialog title={t('wsman.confirm', { what, name })} close={() => { if (!action.busy) close() }}>
      <form onSubmit={submit}>
        <p className="warn">⚠ {t('wsman.warning')}</p>
        <pre tabIndex={0} className="wrap">{JSON.stringify(wish, null, 2)}</pre>
        <label>{t('wsman.type', { name })}<input value={typed} onChange={(e) => setTyped(e.target.value)} autoComplete="off" autoFocus /></label>
        {action.error && <Failure error={action.error} />}
        <p className="actions">
          <button className="danger" disabled={action.busy || typed.trim() !== name}>{t('wsman.go')}</button>
          <button type="button" disabled={action.busy} onClick={close}>{t('common.cancel')}</button>
          <Shells cli={cliOf(name, wish)} method="POST" path={path} body={wish} />
        </p>
      </form>
    </Dialog>
  )
}
