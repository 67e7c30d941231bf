// Why a PC that was told to dial in has not come yet, in the reader's words.

import { get, type WhyOffline } from '../../api'
import { language, t } from '../../i18n'
import { cause } from '../../i18n/said'
import { Theirs } from '../../parts/theirs'
import { useLoad } from '../../state'

export function Likely({ why }: { why: WhyOffline }) {
  const known = cause(why.cause)
  const [next] = known?.next ?? why.next
  return (
    <p role="status" className="notice">
      {t('add.hint')} <Theirs ours={known?.likely} text={why.likely} />
      {next && <> → <Theirs ours={known && next} text={next} /></>}
    </p>
  )
}

/** The hint of an enrollment is the server's sentence about the same; its facts are asked for where it is to be said in other words. */
export function Hint({ guid, text }: { guid: string | null; text: string }) {
  const asks = guid !== null && language() !== 'en'
  const why = useLoad(() => (asks ? get<WhyOffline>(`/devices/${guid}/why-offline`) : Promise.resolve(null)), [guid, text, asks])
  const same = why.data && text.startsWith(why.data.likely)
  return same ? <Likely why={why.data as WhyOffline} /> : <p role="alert" className="notice">{t('add.hint')} <Theirs ours={undefined} text={text} /></p>
}
