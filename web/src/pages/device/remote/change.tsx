// A change of remote access: first what it would do, then the deed. One that cuts the way back wants the PC's name typed.

import { useState, type FormEvent, type ReactNode } from 'react'
import { patch, type Device } from '../../../api'
import { t } from '../../../i18n'
import { say, type Said } from '../../../i18n/said'
import { Dialog, Failure, quoted, Shells, useAction } from '../../../parts'
import { Theirs } from '../../../parts/theirs'

/** As the interface takes it; what is absent stays as it is. */
export interface Wish {
  mps?: string[]
  addMps?: string[]
  removeMps?: string[]
  triggers?: string
  removeTriggers?: string[]
  inside?: string[]
  userInitiated?: string
}

interface Changed {
  steps: { text: string; said?: Said; state: 'planned' | 'done' | 'failed' | 'unknown' }[]
  notes: string[]
  cuts: string | null
}

export interface Asked {
  title: string
  about: string
  wish: Wish
  /** The words behind `viaduct remote-access`, with DEVICE for the PC. */
  cli: string
  danger?: boolean
}

interface Props extends Asked {
  device: Device
  /** The form, where there is something to choose. */
  children?: ReactNode
  close: () => void
}

const MARKS = { planned: '○', done: '✓', failed: '✗', unknown: '?' } as const

export function Change({ device, title, about, wish, cli, danger, children, close }: Props) {
  const path = `/remote-access/${device.guid}`
  const name = device.name || device.guid
  const action = useAction()
  const [plan, setPlan] = useState<{ of: string; what: Changed }>()
  const [done, setDone] = useState<Changed>()
  const [typed, setTyped] = useState('')
  const key = JSON.stringify(wish)
  // A plan is good for that what it was made of.
  const what = plan?.of === key ? plan.what : undefined
  const cuts = what?.cuts ?? undefined
  const agreed = !cuts || typed.trim() === name
  const body = { ...wish, ...(cuts && { force: true }) }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (!what) {
      void action.run(async () => {
        const planned = await patch<Changed>(path, { ...wish, dryRun: true })
        setTyped('')
        setPlan({ of: key, what: planned })
      })
    } else if (agreed) {
      void action.run(async () => setDone(await patch<Changed>(path, body)), t('change.changed', { name }))
    }
  }
  return (
    <Dialog title={title} close={() => { if (!action.busy) close() }}>
      {done
        ? <><Steps title={t('change.done')} what={done} /><p className="actions"><button onClick={close} autoFocus>{t('common.close')}</button></p></>
        : (
          <form onSubmit={submit}>
            <p className="muted">{about}</p>
            {children}
            {what && <Steps title={t('change.steps')} what={what} />}
            {cuts && (
              <div className="failure">
                <p><strong>{t('change.cuts')}</strong> <code>E2108</code></p>
                <p><Theirs ours={undefined} text={cuts} /></p>
                <label>{t('change.type', { name })}<input value={typed} onChange={(e) => setTyped(e.target.value)} autoComplete="off" autoFocus /></label>
              </div>
            )}
            {action.error && <Failure error={action.error} />}
            <p className="actions">
              {what?.steps.length !== 0 && (
                <button className={what && (cuts || danger) ? 'danger' : 'primary'} disabled={action.busy || (what && !agreed)}>
                  {t(what ? 'change.go' : 'change.plan')}
                </button>
              )}
              <button type="button" disabled={action.busy} onClick={close}>{t('common.cancel')}</button>
              <Shells cli={`viaduct remote-access ${cli.replace('DEVICE', () => quoted(name))}`} method="PATCH" path={path} body={body} />
            </p>
          </form>
        )}
    </Dialog>
  )
}

function Steps({ title, what }: { title: string; what: Changed }) {
  return (
    <div role="status">
      <p><strong>{what.steps.length ? title : t('change.nothing')}</strong></p>
      <ul className="plain">
        {what.steps.map((step, at) => (
          <li key={at}>
            <span aria-hidden="true">{MARKS[step.state]}</span> <Theirs ours={say(step.said)} text={step.text} />
            {step.state === 'unknown' && <small className="muted"> ({t('change.state.unknown')})</small>}
          </li>
        ))}
      </ul>
      {what.notes.map((note) => <p key={note} className="notice"><Theirs ours={undefined} text={note} /></p>)}
    </div>
  )
}
