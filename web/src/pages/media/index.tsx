// The library of images, and the PCs that have one in their drive.

import { useState } from 'react'
import { remove, type MediaImage } from '../../api'
import { size, t } from '../../i18n'
import { Allowed, Await, Dialog, Empty, Failure, Heading, quoted, Shells, Table, Time, useAction, type Column } from '../../parts'
import { useMay } from '../../session'
import { useImages } from './images'
import { MountForm, Mounts } from './mounts'
import { useUploads } from '../../uploads'
import { Upload } from './upload'

export default function Media() {
  const may = useMay()
  const images = useImages()
  const [doomed, setDoomed] = useState<MediaImage>()
  const sending = useUploads().now?.image.id
  const columns: Column<MediaImage>[] = [
    {
      key: 'name', title: t('media.name'), sort: (one) => one.name,
      cell: (one) => (
        <>
          {one.name}
          {!one.complete && one.id !== sending && <small className="warn"><br />{t('media.partial', { offset: size(one.offset), size: size(one.size) })}</small>}
        </>
      )
    },
    { key: 'size', title: t('media.size'), sort: (one) => one.size, cell: (one) => size(one.size) },
    { key: 'sha256', title: t('media.hash'), wide: true, cell: (one) => <code title={one.sha256 ?? ''}>{one.sha256?.slice(0, 16) ?? '–'}</code> },
    { key: 'user', title: t('media.by'), wide: true, cell: (one) => <>{one.user}, <Time at={one.created} /></> },
    { key: 'mounts', title: t('media.used'), wide: true, sort: (one) => one.mounts, cell: (one) => one.mounts },
    ...(may('devices.change') ? [{
      key: 'delete', title: t('media.delete'),
      cell: (one: MediaImage) => (
        <button className="danger small" disabled={one.mounts > 0} aria-label={`${t('media.delete')} ${one.name}`} onClick={() => setDoomed(one)}>
          {t('media.delete')}
        </button>
      )
    }] : [])
  ]
  return (
    <>
      <Heading title={t('nav.media')} />
      <section>
        <h2>{t('media.library')}</h2>
        <Await of={images}>
          {(all) => all.length === 0
            ? <Empty title={t('media.empty')} hint={t('media.emptyHint')} />
            : <Table label={t('media.library')} rows={all} columns={columns} id={(one) => one.id} order="name" />}
        </Await>
      </section>
      <Allowed needs="devices.change"><Upload images={images.data ?? []} done={images.reload} /></Allowed>
      <section>
        <h2>{t('media.mounts')}</h2>
        <Allowed needs="redirect.ider"><Await of={images}>{(all) => <MountForm images={all} />}</Await></Allowed>
        <Mounts />
      </section>
      {doomed && <Delete image={doomed} close={() => { setDoomed(undefined); images.reload() }} />}
    </>
  )
}

function Delete({ image, close }: { image: MediaImage; close: () => void }) {
  const action = useAction()
  const path = `/media/${image.id}`
  const go = async () => {
    if (await action.run(() => remove(path), t('media.deleted', { name: image.name }))) close()
  }
  return (
    <Dialog title={t('media.deleteConfirm', { name: image.name })} close={close}>
      {action.error && <Failure error={action.error} />}
      <p className="actions">
        <button className="danger" disabled={action.busy} onClick={() => void go()}>{t('media.delete')}</button>
        <button onClick={close}>{t('common.cancel')}</button>
        <Shells cli={`viaduct media rm ${quoted(image.name)}`} method="DELETE" path={path} />
      </p>
    </Dialog>
  )
}
