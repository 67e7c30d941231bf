// The drive of one device.

import type { Device } from '../../api'
import { t } from '../../i18n'
import { Allowed, Await, Empty } from '../../parts'
import { Link } from 'wouter'
import { Consent } from '../../parts/consent'
import { useImages } from '../media/images'
import { MountForm, Mounts } from '../media/mounts'

export function DeviceMedia({ device }: { device: Device }) {
  const images = useImages()
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
