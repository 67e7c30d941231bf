// Forms of a device's page that change the PC itself: boot from a web server, remote access, any class of AMT.

import { readFileSync } from 'node:fs'
import { bootForm, check, open, rest, signIn, until, withPage, meant } from './browser.mjs'

const button = (where, name) => where.getByRole('button', { name, exact: true })

/** In the page: counts what the server tells, and how often it begins to tell. */
function countedEvents() {
  window.reasons = 0
  const ask = window.fetch
  window.fetch = async (input, init) => {
    const answer = await ask(input, init)
    if (!String(input).endsWith('/api/v1/events') || !answer.body) return answer
    window.reasons++
    const counting = new TransformStream({
      transform(piece, on) {
        window.reasons += new TextDecoder().decode(piece).split('data:').length - 1
        on.enqueue(piece)
      }
    })
    return new Response(answer.body.pipeThrough(counting), answer)
  }
}

export const forms = {
  /** The PC boots from the address that was typed, after a reset that was agreed to, and trusts the root that was given. */
  async httpsBoot(task) {
    await withPage(task, async (page, complaints) => {
      const sent = []
      page.on('request', (one) => { if (one.url().includes('/amt/power/bootOptions/')) sent.push(one.postDataJSON()) })
      await signIn(page, task)
      const dialog = await bootForm(page, task, task.device)
      await dialog.getByLabel('Address of what is booted').fill(task.url)
      await dialog.getByText('The web server’s root certificate').click()
      await dialog.getByLabel('or its text').fill(task.root)
      await button(dialog, 'Boot it').click()
      check(sent.length === 0, 'a reset is asked about first')
      await dialog.getByRole('button', { name: /^Yes, reset / }).click()
      await dialog.getByText(`was told to boot from ${task.url}`, { exact: false }).waitFor()
      check(sent.length === 1 && sent[0].action === 105 && sent[0].bootDetails.url === task.url, JSON.stringify(sent))
      await bootForm(page, task, task.old)
      await dialog.getByText('the firmware has that from AMT 15 on', { exact: false }).waitFor()
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** A change says what it would do before it does it; one that cuts the way back wants the PC's name. */
  async remoteAccess(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await open(page, task, `devices/${task.device}/remote`)
      const dialog = page.getByRole('dialog')
      const access = () => rest(page, task, `/remote-access/${task.device}`)
      const agreed = async () => {
        await button(dialog, 'See what it does').click()
        await button(dialog, 'Do it').click()
        await button(dialog, 'Close').click()
      }
      await button(page, 'Add a server').click()
      await dialog.getByLabel('Name or address of the server').fill('second.example.com')
      await agreed()
      await page.getByText('second.example.com:4433').first().waitFor()
      await button(page, 'Remove second.example.com:4433').click()
      await agreed()
      check((await access()).mps.length === 1, 'it is gone again')
      await button(page, 'Change where it is at home').click()
      await dialog.getByLabel('It is at home nowhere', { exact: false }).check()
      await agreed()
      await page.getByText('It calls from every network.').waitFor()
      await button(page, 'Remove the cause: timer').click()
      await button(dialog, 'See what it does').click()
      await dialog.getByText('This cuts the way back').waitFor()
      check(await button(dialog, 'Do it').isDisabled(), 'not without the name')
      await dialog.getByLabel('Type the PC’s name', { exact: false }).fill(task.name)
      check((await access()).policies.some((one) => one.trigger === 'periodic'), 'nothing is done yet')
      await button(dialog, 'Do it').click()
      await button(dialog, 'Close').click()
      check(!(await access()).policies.some((one) => one.trigger === 'periodic'), 'the timer is gone')
      await button(page, 'Add a cause').click()
      await dialog.getByLabel('Each', { exact: true }).fill('40')
      await agreed()
      await page.getByRole('cell', { name: '40 sec' }).waitFor()
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** Who may write changes a property and calls a method after typing the name; who may not learns which right is missing. */
  async explorer(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await open(page, task, `devices/${task.device}/wsman`)
      const dialog = page.getByRole('dialog')
      const asked = page.getByLabel('What is asked')
      const name = page.getByRole('combobox', { name: 'Class' })
      const agree = async () => {
        await button(page, 'Go on …').click()
        check(await button(dialog, 'Do it').isDisabled(), 'not without the name')
        await dialog.getByLabel('Type the PC’s name', { exact: false }).fill(task.name)
        await button(dialog, 'Do it').click()
      }
      await asked.selectOption('put')
      await name.fill('AMT_GeneralSettings')
      await page.getByLabel('Properties to change').fill('HostName:="explored"')
      await agree()
      await page.getByText('Done: Put AMT_GeneralSettings').waitFor()
      const kept = await rest(page, task, `/wsman/${task.device}?class=AMT_GeneralSettings`)
      check(kept.HostName === 'explored', JSON.stringify(kept))
      await asked.selectOption('invoke')
      await name.fill('AMT_TimeSynchronizationService')
      await page.getByRole('textbox', { name: 'Method' }).fill('GetLowAccuracyTimeSynch')
      await agree()
      await page.getByText('Ta0').waitFor()
      // Keys that are instances themselves.
      const linked = 'AMT_RemoteAccessPolicyAppliesToMPS'
      const [one] = await rest(page, task, `/wsman/${task.device}?operation=enumerate&class=${linked}`)
      const instance = ({ ReferenceParameters: { ResourceURI, SelectorSet } }, called) => {
        const [CreationClassName, Name, SystemCreationClassName, SystemName] = SelectorSet.Selector
        return { class: ResourceURI.split('/').pop(), selectors: { CreationClassName, [called]: Name, SystemCreationClassName, SystemName } }
      }
      const keys = { ManagedElement: instance(one.ManagedElement, 'Name'), PolicySet: instance(one.PolicySet, 'PolicyRuleName') }
      await asked.selectOption('get')
      await name.fill(linked)
      await page.getByLabel('Keys', { exact: false }).fill(JSON.stringify(keys))
      await button(page, 'Read').click()
      await page.getByRole('heading', { name: linked }).waitFor()
      const offer = await page.locator('.shells').first().getAttribute('data-cli')
      check(offer.includes(`--key 'ManagedElement:={"`), offer)
      console.log(JSON.stringify({ offer }))
      const send = { data: { name: 'reader', role: 'operator', password: 'a long password' }, headers: { authorization: `Bearer ${task.token}` } }
      check((await page.request.post(`${task.dashboard}api/v1/users`, send)).ok(), 'somebody who may only read is made')
      await button(page, 'Sign out').click()
      await signIn(page, { ...task, user: 'reader', password: 'a long password' })
      await open(page, task, `devices/${task.device}/wsman`)
      await page.getByText('needs a right that you do not have').waitFor()
      check(await asked.locator('option[value="put"]').evaluate((one) => one.disabled), 'what is not allowed is not on offer')
      await page.getByRole('main').getByRole('link', { name: 'Why may I not?' }).last().click()
      await until('the right that is missing', () => new URL(page.url()).searchParams.get('right') === 'wsman.write')
      // What the page was asking when the first one signed out is answered with 401.
      const others = meant(meant(complaints, 403), 401)
      check(others.length === 0, others.join('\n'))
    })
  },

  /** A list is judged line by line before anything is added; the credentials that were made are saved once. */
  async importList(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await open(page, task, 'add?door=import')
      const guid = (n) => `4c4c4544-004b-4210-8033-0000000000${n}`
      const head = 'name,guid,labels,cira_user,cira_password'
      const list = (...lines) => ({ name: 'pcs.csv', mimeType: 'text/csv', buffer: Buffer.from([head, ...lines].join('\r\n')) })
      const file = page.getByLabel('CSV file')
      const look = button(page, 'See what would happen')
      const row = (text) => page.getByRole('row').filter({ hasText: text })
      await file.setInputFiles(list(`one,${guid(41)},site=berlin,,`, 'two,nonsense,,,', 'three'))
      await look.click()
      await page.getByText('Line 3: “nonsense” is no UUID').waitFor()
      await page.getByText('Line 4: 1 fields where the header has 5').waitFor()
      await file.setInputFiles(list(
        `"pc ""one""",${guid(40)},,,`, `one,${guid(41)},site=berlin,,`, `two,${guid(42)},,own,Kn0wn-Password`, `known,${task.device},,,`
      ))
      await look.click()
      await row(guid(41)).getByText('would be added, with a new credential').waitFor()
      await row(guid(42)).getByText('would be added', { exact: false }).waitFor()
      await row(task.device).getByText('E2004').waitFor()
      await row(guid(40)).getByText('E1400').waitFor()
      check((await rest(page, task, '/devices/stats')).totalCount === 1, 'nothing is added yet')
      await button(page, 'Add 2 PCs').click()
      await page.getByText('2 of 2 PCs are added.').waitFor()
      // Looking elsewhere first loses nothing, and a page that is closed asks.
      await page.getByRole('link', { name: 'Devices', exact: true }).click()
      await page.getByRole('heading', { name: 'Devices', exact: true }).waitFor()
      await page.getByText('until you say that they are saved', { exact: false }).waitFor()
      const leaving = page.waitForEvent('dialog')
      const reloading = page.reload({ timeout: 2_000 }).catch(() => undefined)
      const asked = await leaving
      check(asked.type() === 'beforeunload', asked.type())
      await asked.dismiss()
      await reloading
      const saving = page.waitForEvent('download')
      await button(page, 'Save the credentials (CSV)').click()
      const saved = readFileSync(await (await saving).path(), 'utf8').trim().split('\r\n')
      check(saved[0] === 'name,guid,cira_user,cira_password' && saved.length === 3, saved.join('\n'))
      const [name, id, user, password] = saved[1].split(',')
      check(name === 'one' && id === guid(41) && user.length > 0 && password.length > 8, saved[1])
      check(saved[2] === `two,${guid(42)},,`, saved[2])
      const one = await rest(page, task, `/devices/${guid(41)}`)
      check(one.labels.site === 'berlin' && one.mpsusername === user, JSON.stringify(one))
      await button(page, 'They are saved').click()
      await until('they are gone when somebody says so', async () => (await button(page, 'Save the credentials (CSV)').count()) === 0)
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** A server that ended in the middle shows afterwards what was done and what is missing; nothing is typed again. */
  async goOn(task) {
    await withPage(task, async (page) => {
      await signIn(page, task)
      await open(page, task, 'add')
      await page.getByLabel('Address of the PC, or several').fill(task.address)
      await page.getByLabel('AMT password', { exact: true }).fill(task.amtPassword)
      await page.getByText('More choices').click()
      await page.getByLabel('Believe the certificate', { exact: false }).check()
      await button(page, 'Add the PC').click()
      const steps = page.locator('article.pc ol.plain li')
      const look = async () => {
        await page.getByText('1 of 7 steps', { exact: true }).waitFor()
        check((await steps.filter({ hasText: 'done:' }).count()) === 1, 'what is done')
        check((await steps.filter({ hasText: 'not yet:' }).count()) === 6, 'and all that is to come')
      }
      await look()
      console.log('{"said":"stuck"}')
      await page.locator('.lost').waitFor()
      await page.locator('.lost').waitFor({ state: 'hidden' })
      await page.reload()
      await page.getByText('the server stopped after 1 of 7 steps', { exact: false }).waitFor()
      await look()
      await button(page, 'Go on with it').click()
      await page.getByText('pc-on is online.').waitFor()
      check((await rest(page, task, '/devices')).filter((one) => one.connectionStatus).length === 1, 'it is here')
    })
  },

  /** An image that somebody else brings or removes is in the list without anybody asking again and again. */
  async libraryFollows(task) {
    await withPage(task, async (page, complaints) => {
      let asked = 0
      page.on('request', (one) => { if (one.method() === 'GET' && one.url().endsWith('/api/v1/media')) asked++ })
      await page.addInitScript(countedEvents)
      await signIn(page, task)
      await open(page, task, 'media')
      await page.getByText('The library has no image yet.').waitFor()
      // The stream may begin anew, which is a reason to ask as well.
      const reasons = () => page.evaluate(() => window.reasons)
      const before = asked - (await reasons())
      const headers = { authorization: `Bearer ${task.token}` }
      const media = `${task.dashboard}api/v1/media`
      const image = await (await page.request.post(media, { data: { name: 'theirs.iso', size: 4096 }, headers })).json()
      const whole = { headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }, data: Buffer.alloc(4096, 7) }
      check((await page.request.patch(`${media}/${image.id}`, whole)).ok(), 'it is uploaded')
      await page.getByRole('cell', { name: 'theirs.iso', exact: true }).waitFor()
      check((await page.request.delete(`${media}/${image.id}`, { headers })).ok(), 'it is removed')
      await page.getByText('The library has no image yet.').waitFor()
      const more = asked - before - (await reasons())
      // What happened just before may be asked about afterwards.
      check(more <= 2, `asked ${more} times more than anything happened`)
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** A view that is saved in one browser is there in another; what a browser kept by itself is taken over once. */
  async viewsEverywhere(task) {
    const menu = (page) => page.getByText('Views', { exact: true }).click()
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await page.evaluate((user) => localStorage.setItem(`viaduct.views.${user}`, JSON.stringify([{ name: 'of old / ü', query: 'q=pc-02' }])), task.user)
      await open(page, task, 'devices?q=pc-01')
      await menu(page)
      await page.getByRole('link', { name: 'of old / ü' }).waitFor()
      await page.getByLabel('Save this view as').fill('first')
      await button(page, 'Save').click()
      await page.getByText('The view first is saved.').waitFor()
      check((await page.evaluate((user) => localStorage.getItem(`viaduct.views.${user}`), task.user)) === null, 'nothing stays here')
      check(complaints.length === 0, complaints.join('\n'))
    })
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await open(page, task, 'devices')
      await menu(page)
      await page.getByRole('link', { name: 'first' }).click()
      await until('the words of the view', async () => (await page.getByRole('searchbox').inputValue()) === 'pc-01')
      await button(page, 'Forget the view first').click()
      await page.getByRole('link', { name: 'first' }).waitFor({ state: 'detached' })
      await page.reload()
      await menu(page)
      await page.getByRole('link', { name: 'of old / ü' }).waitFor()
      check((await page.getByRole('link', { name: 'first' }).count()) === 0, 'it stays forgotten')
      check(complaints.length === 0, complaints.join('\n'))
    })
  }
}
