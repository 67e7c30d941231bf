// The drive of one device.

import { get, type Device, type MediaImage } from '../../api'
import { t } from '../../i18n'
import { Allowed, Await, Empty } from '../../parts'
import { Link } from 'wouter'
import { Consent } from '../../parts/consent'
import { useLoad } from '../../state'
import { MountForm, Mounts } from '../media/mounts'

export function DeviceMedia({ device }: { device: Device }) {
  const images = useLoad(() => get<MediaImage[]>('/media'), [], 30_000)
  return (
    <>
      {device.connectionStatus ? (
        <Await of={images}>
          {(all) => all.some((one) => one.complete)
            ? <Allowed needs="redirect.ider" why><MountForm images={all} device={device} /></Allowed>
            : <Empty title={t('media.empty')} hint={t('media.emptyHint')}><Allowed needs="devices.change"><Link href="/media">{t('media.upload')}</Link></Allowed></Empty>}
        </Await>
      ) : <p className="empty">{t('device.away')} {t('device.awayTab')}</p>}
      {device.connectionStatus && <Consent device={device} />}
      <Mounts device={device} />
    </>
  )
}
