// Why a device is away: what was seen, the likely cause, what to do; and what the PC's own log adds.

import { useState, type FormEvent } from 'react'
import { get, post, type Device, type WhyOffline } from '../../api'
import { t } from '../../i18n'
import { wordOf } from '../../i18n/happened'
import { cause, say, sayAll, topic } from '../../i18n/said'
import { Await, Failure, quoted, Shells, useAction } from '../../parts'
import { Theirs } from '../../parts/theirs'
import { useLoad } from '../../state'

const MARKS: Record<string, string> = { good: '✓', bad: '✗' }

export function Why({ device: d }: { device: Device }) {
  const path = `/devices/${d.guid}/why-offline`
  const why = useLoad(() => get<WhyOffline>(path), [path])
  const [withLog, setWithLog] = useState<WhyOffline>()
  return (
    <section>
      <h2>{t('device.why')}</h2>
      <Await of={why}>{(own) => <Explained why={withLog ?? own} />}</Await>
      {d.lastEnd && <p className="muted">{t('device.lastEnd')}: {wordOf('end', d.lastEnd.reason)}. <Theirs ours={undefined} text={d.lastEnd.detail} /></p>}
      <p><Shells cli={`viaduct devices why-offline ${quoted(d.name || d.guid)}`} method="GET" path={path} /></p>
      <OwnLog device={d} take={setWithLog} />
    </section>
  )
}

function Explained({ why: w }: { why: WhyOffline }) {
  const known = cause(w.cause)
  return (
    <>
      <p><Theirs ours={say(w.said)} text={w.summary} /></p>
      <ul className="plain">
        {w.checks.map((c) => (
          <li key={c.text}>
            <span aria-hidden="true">{MARKS[c.seen] ?? '·'}</span> <b>{topic(c.about)}</b>: <Theirs ours={sayAll(c.said)} text={c.text} />
          </li>
        ))}
      </ul>
      <h3>{t('device.likely')}</h3>
      <p><Theirs ours={known?.likely} text={w.likely} /></p>
      <h3>{t('device.next')}</h3>
      <ol>{(known?.next ?? w.next).map((step) => <li key={step}><Theirs ours={known && step} text={step} /></li>)}</ol>
    </>
  )
}

/** The firmware keeps its own log of its attempts; whoever has the PC at hand can read it there. */
function OwnLog({ device: d, take }: { device: Device; take: (why: WhyOffline) => void }) {
  const action = useAction()
  const path = `/devices/${d.guid}/why-offline`
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const log = String(new FormData(event.currentTarget).get('log'))
    await action.run(async () => take(await post<WhyOffline>(path, log)))
  }
  return (
    <details>
      <summary>{t('why.log')}</summary>
      <p className="muted">{t('why.logHint')} <code>viaduct host cira-log</code>, <code>rpc diagnostics cira</code></p>
      <form onSubmit={(event) => void submit(event)}>
        <label>{t('why.logText')}<textarea name="log" rows={5} required spellCheck={false} /></label>
        {action.error && <Failure error={action.error} />}
        <p className="actions">
          <button className="primary" disabled={action.busy}>{t('why.read')}</button>
          <Shells cli={`viaduct devices why-offline ${quoted(d.name || d.guid)} --cira-log FILE`} method="POST" path={path} />
        </p>
      </form>
    </details>
  )
}
