// How far the PCs of door A are: what is done to each, and its way into its tunnel, live.

import { useEffect, useState, type FormEvent } from 'react'
import { Link } from 'wouter'
import { ApiError, get, post, remove } from '../../api'
import { isKey, locale, t } from '../../i18n'
import { say } from '../../i18n/said'
import { Await, Deed, Failure, Shells, Time, useAction, useFilled, useQuery } from '../../parts'
import { Theirs } from '../../parts/theirs'
import { useLoad } from '../../state'
import { Hint } from './likely'
import { asked, commandOf, WAY, type Enrolling, type Enrollment, type Milestone } from './enrollment'

/** Ticks are live, so they are asked for often while a job goes on. */
const OFTEN = 1_000
const SELDOM = 10_000

export function Jobs() {
  const [query, change] = useQuery()
  const chosen = Number(query.get('job')) || undefined
  const [busy, setBusy] = useState(true)
  const list = useLoad(() => get<Enrollment[]>('/enroll'), [chosen], busy ? OFTEN : SELDOM)
  useEffect(() => setBusy(list.data?.some((job) => job.ended === null) ?? false), [list.data])
  return (
    <Await of={list}>
      {(jobs) => {
        const current = jobs.find((job) => job.id === chosen) ?? jobs[0]
        if (!current) return null
        return (
          <>
            <Job job={current} reload={list.reload} />
            {jobs.length > 1 && (
              <section>
                <h2>{t('add.jobs')}</h2>
                <ul className="plain">
                  {jobs.map((job) => (
                    <li key={job.id}>
                      <button className="plainbutton" aria-pressed={job.id === current.id} onClick={() => change({ job: String(job.id) })}>
                        {t('add.job', { id: job.id })}
                      </button>{' '}
                      <span className="muted">
                        <Time at={job.began} /> · {job.by} · {t('add.done', { n: job.devices.filter((d) => d.state === 'done').length, all: job.devices.length })}
                      </span>
                    </li>
                  ))}
                </ul>
              </section>
            )}
          </>
        )
      }}
    </Await>
  )
}

function Job({ job, reload }: { job: Enrollment; reload: () => void }) {
  const action = useAction()
  const stop = async () => {
    await action.run(() => remove(`/enroll/${job.id}`), t('add.stopped'))
    reload()
  }
  return (
    <section className="job">
      <div className="heading">
        <h2>{t('add.job', { id: job.id })} <small className="muted"><Time at={job.began} /></small></h2>
        <div className="actions">
          {job.ended === null && (
            <Deed>
              <button className="danger" disabled={action.busy} onClick={() => void stop()}>{t('add.stop')}</button>
              <Shells cli={`viaduct enroll cancel ${job.id}`} method="DELETE" path={`/enroll/${job.id}`} />
            </Deed>
          )}
          <Shells cli={`viaduct enroll status ${job.id}`} method="GET" path={`/enroll/${job.id}`} />
        </div>
      </div>
      {action.error && <Failure error={action.error} />}
      {job.ended !== null && !job.dryRun && job.devices.some((d) => ['failed', 'cancelled'].includes(d.state)) && <Resume job={job} reload={reload} />}
      {job.devices.map((device) => <Pc key={device.address} job={job.id} device={device} reload={reload} />)}
    </section>
  )
}

function Pc({ job, device: d, reload }: { job: number; device: Enrolling; reload: () => void }) {
  const key = `add.state.${d.state}`
  return (
    <article className={`pc ${d.state}`}>
      <h3>
        {d.guid ? <Link href={`/devices/${d.guid}`}>{d.name ?? d.address}</Link> : d.address}{' '}
        <small className="muted">{d.name && d.address} {d.version && `AMT ${d.version}`} {d.controlMode}</small>
      </h3>
      <p role="status"><strong>{isKey(key) ? t(key) : d.state}</strong></p>
      {d.steps.length > 0 && (
        <details open={['changing', 'planned', 'failed', 'cancelled'].includes(d.state)}>
          <summary>{t('add.steps', { n: d.steps.filter((step) => step.state === 'done').length, all: d.steps.length })}</summary>
          <ol className="plain">
            {d.steps.map((step) => (
              <li key={step.text}><span aria-hidden="true">{{ planned: '○', done: '✓', failed: '✗', unknown: '?' }[step.state]}</span>{' '}
                {d.state !== 'planned' && <span className="only-read">{t(`add.step.${step.state}`)}:</span>} <Theirs ours={say(step.said)} text={step.text} /></li>
            ))}
          </ol>
        </details>
      )}
      {(d.milestones.length > 0 || !['planned', 'failed', 'cancelled'].includes(d.state)) && <Ticks milestones={d.milestones} />}
      {d.notes.map((note) => <p key={note} className="muted"><Theirs ours={undefined} text={note} /></p>)}
      {d.hint && <Hint guid={d.guid} text={d.hint} />}
      {d.problem && <Failure error={new ApiError(400, d.problem)} />}
      {d.state === 'failed' && d.fingerprint && d.problem?.code === UNKNOWN_CERTIFICATE && <Trust job={job} device={d} reload={reload} />}
      {d.state === 'done' && d.guid && (
        <p className="good">✓ {t('add.online', { name: d.name ?? d.address })} <Link href={`/devices/${d.guid}`}>{t('add.try')}</Link></p>
      )}
    </article>
  )
}

/** The server's code for "it refused the password". */
const REFUSED = 'E2010'

/**
 * What is left of a job that broke off. The password is asked for where the PC refused it at once, as it is not tried
 * again, and by a server that does not know it any more.
 */
function Resume({ job, reload }: { job: Enrollment; reload: () => void }) {
  const left = job.devices.filter((device) => device.state !== 'done' && device.state !== 'planned')
  const refused = left.filter((device) => device.problem?.code === REFUSED && !device.guid)
  const [, change] = useQuery()
  const action = useAction()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const amtPassword = String(new FormData(event.currentTarget).get('password') ?? '')
    void action.run(async () => {
      const begun = await post<Enrollment>(`/enroll/${job.id}/resume`, amtPassword ? { amtPassword } : {})
      change({ job: String(begun.id) })
      reload()
    })
  }
  const asks = !!action.error || refused.length > 0
  const { watch, text } = useFilled()
  const given = asks && (refused.length === left.length || text('password') !== '')
  return (
    <form {...watch} onSubmit={submit}>
      <p>{t('add.resume.text')}</p>
      {action.error && <Failure error={action.error} />}
      {asks && (
        <label>{t('add.amtPassword')}
          <input name="password" type="password" autoComplete="off" required={refused.length === left.length} />
        </label>
      )}
      <p className="actions">
        <button className="primary" disabled={action.busy}>{t('add.resume')}</button>
        <Shells
          cli={`viaduct enroll resume ${job.id}${given ? ' --amt-password-file -' : ''}`}
          method="POST" path={`/enroll/${job.id}/resume`} body={given ? { amtPassword: 'PASSWORD' } : {}}
        />
      </p>
    </form>
  )
}

/** The server's code for "its certificate is not known". */
const UNKNOWN_CERTIFICATE = 'E2102'

/** The PC's own certificate was not known: once somebody has compared it, the job begins again. */
function Trust({ job, device, reload }: { job: number; device: Enrolling; reload: () => void }) {
  const [, change] = useQuery()
  const action = useAction()
  const wish = asked.get(job)
  const target = wish?.devices.find((one) => one.address === device.address) ?? { address: device.address }
  const wanted = { ...wish, devices: [{ ...target, ...(device.fingerprint && { fingerprint: device.fingerprint }) }] }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const typed = String(new FormData(event.currentTarget).get('password') ?? '')
    const again = { ...wanted, amtPassword: wish?.amtPassword ?? typed }
    void action.run(async () => {
      const begun = await post<Enrollment>('/enroll', again)
      if (wish) asked.set(begun.id, wish)
      change({ job: String(begun.id) })
      reload()
    })
  }
  return (
    <form onSubmit={submit}>
      <p>{t('add.fingerprint')} <code>{device.fingerprint}</code></p>
      {!wish && <label>{t('add.amtPassword')}<input name="password" type="password" autoComplete="off" required /></label>}
      <p className="actions">
        <button className="primary" disabled={action.busy}>{t('add.trustGo')}</button>
        <Shells cli={commandOf(wanted)} method="POST" path="/enroll" body={{ ...wanted, amtPassword: 'PASSWORD' }} />
      </p>
      {action.error && <Failure error={action.error} />}
    </form>
  )
}

/** The way from the first packet to the first answer; what was not seen yet is there too, so that one sees what is missing. */
export function Ticks({ milestones }: { milestones: Milestone[] }) {
  const seen = new Map(milestones.map((milestone) => [milestone.name, milestone]))
  const next = WAY.find((name) => !seen.get(name)?.at)
  return (
    <ol className="ticks">
      {WAY.map((name) => {
        const at = seen.get(name)?.at
        return (
          <li key={name} className={at ? 'seen' : name === next ? 'next' : undefined}>
            <span aria-hidden="true">{at ? '✓' : name === next ? '…' : '○'}</span> {t(`add.way.${name}`)}{' '}
            {at ? <small className="muted">{new Date(at).toLocaleTimeString(locale())}</small> : <span className="only-read">{t('add.notYet')}</span>}
          </li>
        )
      })}
    </ol>
  )
}
