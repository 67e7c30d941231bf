// Everything that a page can do is done once. That each deed is on offer as a command and as curl where it is done is
// watched in every scenario (`offered` in browser.mjs); this one walks to those that the others do not reach.

import { createHmac } from 'node:crypto'
import { check, open, rest, signIn, until, withPage } from './browser.mjs'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const SECOND = 'a second password'

/** The code of an authenticator (RFC 6238) `ahead` steps from now. */
function totp(secret, ahead = 0) {
  const bits = [...secret.replaceAll(/[\s=]/g, '')].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead))
  const hash = createHmac('sha1', key).update(counter).digest()
  const at = hash[19] & 15
  return String((hash.readUInt32BE(at) & 0x7fff_ffff) % 1_000_000).padStart(6, '0')
}

export async function actions(task) {
  await withPage(task, async (page, complaints) => {
    const button = (name, where = page) => where.getByRole('button', { name, exact: true })
    const dialog = () => page.getByRole('dialog')
    await signIn(page, task)
    for (const walk of [devices, unclaimed, people, settings]) await walk({ page, task, button, dialog })
    await account({ page, task, button })
    const missing = EXPECTED.filter((deed) => !task.deeds.has(deed))
    check(missing.length === 0, `was not done: ${missing.join(', ')}`)
    const own = complaints.filter((line) => !line.includes('status of'))
    check(own.length === 0, own.join('\n'))
  })
}

/** What this walk does; a page whose deed is called otherwise is told to say so here. */
const EXPECTED = [
  'PATCH /devices/*', 'POST /devices/*/block', 'POST /devices/*/approve', 'DELETE /devices/*', 'DELETE /devices/disconnect/*',
  'POST /devices', 'POST /amt/power/action/*', 'POST /unclaimed/*/approve', 'POST /unclaimed/*/block', 'POST /unclaimed/*/ignore', 'DELETE /unclaimed/*/ignore',
  'POST /users', 'PATCH /users/eva', 'POST /users/eva/sign-out', 'POST /amt/features/*', 'DELETE /users/tom', 'POST /tokens', 'DELETE /tokens/walked', 'POST /certificates/reload',
  'POST /certificates/rotation', 'DELETE /certificates/rotation', 'POST /whoami/password', 'POST /whoami/second-factor',
  'POST /whoami/second-factor/verify', 'DELETE /whoami/second-factor'
]

async function devices({ page, task, button, dialog }) {
  await open(page, task, 'add?door=script')
  await page.getByLabel('Name').fill('pc-doomed')
  await page.getByLabel('UUID').fill('4c4c4544-004b-4210-8033-d00d00d00d00')
  await button('Enter it here and show the script').click()
  await page.getByRole('img', { name: 'QR code' }).first().waitFor()
  await open(page, task, 'devices')
  await button('Edit pc-doomed').click()
  await dialog().getByLabel('Labels').fill('site=walk')
  await button('Save', dialog()).click()
  await page.getByText('pc-doomed is saved.').waitFor()
  for (const [verb, said] of [['Block', 'is turned away'], ['Approve', 'may come in again']]) {
    await button('Edit pc-doomed').click()
    await button(verb, dialog()).click()
    await page.getByText(said, { exact: false }).first().waitFor()
  }
  for (const box of await page.locator('tbody input[type="checkbox"]').all()) await box.check()
  await page.getByLabel('Set label').fill('walked=yes')
  await button('Set label').click()
  await dialog().getByRole('textbox').fill(String(await page.locator('tbody input[type="checkbox"]').count()))
  await button('Set walked=yes', dialog()).click()
  await dialog().getByText(/\d done, 0 failed/).waitFor()
  await button('Close', dialog()).click()
  await button('Choose none').click()
  await button('Edit pc-doomed').click()
  await button('Forget this PC', dialog()).click()
  await button('Really forget it and end its tunnel', dialog()).click()
  await page.getByText('pc-doomed is forgotten.').waitFor()
  await open(page, task, `devices/${task.device}`)
  await button('Reset').click()
  await button('Reset', dialog()).click()
  await page.getByText('Reset: done').waitFor()
  await button('Close', dialog()).click()
  await open(page, task, `devices/${task.device}/features`)
  await button('Terminal (SOL): Switch off').click()
  await page.getByText('Terminal (SOL) is off now.').waitFor()
  await button('Terminal (SOL): Switch on').click()
  await page.getByText('Terminal (SOL) is on now.').waitFor()
  await open(page, task, `devices/${task.device}`)
  const tunnel = async () => (await rest(page, task, `/devices/${task.device}`)).tunnel?.id
  const before = await tunnel()
  await button('Reconnect').click()
  await until('a new tunnel', async () => { const now = await tunnel(); return now !== undefined && now !== before })
}

async function unclaimed({ page, task, button, dialog }) {
  await open(page, task, 'unclaimed')
  const row = (guid) => page.getByRole('region', { name: 'Unclaimed' }).getByRole('row').filter({ hasText: guid })
  const [ignored, blocked, taken] = task.unknown
  for (const guid of task.unknown) await row(guid).waitFor()
  await button('Ignore', row(ignored)).click()
  await page.getByText('It may knock on; nobody is told of it.').waitFor()
  await page.getByText('Ignored: 1').click()
  await button('Show again', row(ignored)).click()
  await page.getByText('It is shown among the others again.').waitFor()
  await button('Ignore', row(ignored)).click()
  await page.getByText('Ignored: 1').waitFor()
  // They are not known, so each of them failed at its sign-in too.
  const tried = page.getByRole('region', { name: 'Attempts that failed' }).getByRole('row')
  await tried.filter({ hasText: blocked }).getByText('nobody has added a device of this UUID').waitFor()
  await button('Block', row(blocked)).click()
  await page.getByText('It is turned away from now on.').waitFor()
  await button('Approve', row(taken)).click()
  await dialog().getByLabel('Name').fill('pc-taken')
  await button('Approve', dialog()).click()
  await page.getByText('pc-taken is taken in').waitFor()
}

async function people({ page, task, button, dialog }) {
  await open(page, task, 'people')
  for (const name of ['eva', 'tom']) {
    await button('Make a user').click()
    await dialog().getByLabel('Name').fill(name)
    await dialog().getByLabel('Password').fill('a first password')
    const role = dialog().getByLabel('Role')
    // As a person chooses: the page may draw itself between what a select says first and what it says then.
    await role.selectOption('operator')
    await role.press('ArrowDown')
    check((await role.inputValue()) !== 'operator', 'a role is chosen with the keyboard')
    await role.selectOption('device-admin')
    await button('Make a user', dialog()).click()
    await page.getByText(`User ${name} exists now.`).waitFor()
  }
  const change = async (name, deed) => {
    await button('Change', page.getByRole('row').filter({ hasText: name })).click()
    await deed()
    await dialog().waitFor({ state: 'detached' })
  }
  await change('eva', () => button('Save', dialog()).click())
  await change('eva', async () => {
    await dialog().getByLabel('New password').fill(task.password)
    await button('Set password', dialog()).click()
  })
  await change('eva', () => button('Sign out everywhere', dialog()).click())
  await change('eva', () => button('Disable', dialog()).click())
  await change('eva', () => button('Enable', dialog()).click())
  await change('tom', async () => {
    await button('Remove', dialog()).click()
    await button('Really remove', dialog()).click()
  })
  await open(page, task, 'people?tab=tokens')
  await page.getByLabel('Name').fill('walked')
  await button('Make a token').click()
  await page.getByText('Copy it now', { exact: false }).waitFor()
  await button('Close', dialog()).click()
  await button('Revoke', page.getByRole('row').filter({ hasText: 'walked' })).click()
  await page.getByText('Token walked is worthless now.').waitFor()
}

async function settings({ page, task, button, dialog }) {
  await open(page, task, 'settings')
  await button('Reload certificates').click()
  await page.getByRole('status').filter({ hasText: /./ }).first().waitFor()
  await button('Bring to the PCs').click()
  await button('Bring to the PCs', dialog()).click()
  await button('Give it up').click()
  await button('Give it up').waitFor({ state: 'detached' })
}

async function account({ page, task, button }) {
  await button('Sign out').click()
  await signIn(page, { ...task, user: 'eva' })
  await open(page, task, 'account')
  await page.getByLabel('Password so far').fill(task.password)
  await page.getByLabel('New password').fill(SECOND)
  await page.getByLabel('Password again').fill(SECOND)
  await button('Change the password').click()
  await page.getByText('Your password is changed.').waitFor()
  await page.reload()
  const again = page.getByLabel('User', { exact: true })
  await again.or(button('Set up')).first().waitFor()
  if (await again.isVisible()) {
    await signIn(page, { ...task, user: 'eva', password: SECOND })
    await open(page, task, 'account')
  }
  await button('Set up').click()
  const secret = await page.locator('code.secret').innerText()
  await page.getByLabel('One-time code').fill(totp(secret))
  await button('Switch on').click()
  const [recovery] = (await page.locator('.notice pre').innerText()).split('\n')
  await page.getByLabel('Code or recovery code').fill(recovery)
  await button('Switch off').click()
  await button('Set up').waitFor()
}
