// The list of devices with its columns, views and notices; when a PC was here; who may do what; uploads that break off.

import { check, open, rest, signIn, startScreen, until, withPage, meant } from './browser.mjs'

const button = (where, name) => where.getByRole('button', { name, exact: true })

async function change(page, task, method, path, body) {
  const answer = await page.request.fetch(`${task.dashboard}api/v1${path}`, {
    method, data: body, headers: { authorization: `Bearer ${task.token}` }
  })
  check(answer.ok(), `${method} ${path}: ${answer.status()}`)
}

export const lists = {
  /** A column that is chosen stays after a reload and is in the address; a view brings filter and columns back. */
  async views(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await open(page, task, 'devices')
      const head = (name) => page.getByRole('columnheader', { name })
      await head('Address').waitFor()
      await page.getByText('Columns', { exact: true }).click()
      await page.getByLabel('24 hours').check()
      await page.getByRole('checkbox', { name: 'Address' }).uncheck()
      await head('24 hours').waitFor()
      await page.locator('svg.bar.small').first().waitFor()
      check((await head('Address').count()) === 0, 'the address is left out')
      check(new URL(page.url()).searchParams.get('columns').includes('hours'), page.url())
      await page.getByRole('searchbox').fill('pc-02')
      await until('the words are in the address', () => new URL(page.url()).searchParams.get('q') === 'pc-02')
      await page.getByText('Views', { exact: true }).click()
      await page.getByLabel('Save this view as').fill('second')
      await button(page, 'Save').click()
      await page.getByText('The view second is saved.').waitFor()
      await open(page, task, 'devices')
      await head('24 hours').waitFor()
      check((await page.locator('tbody tr').count()) > 1, 'all of them again')
      await page.getByText('Views', { exact: true }).click()
      await page.getByRole('link', { name: 'second' }).click()
      await until('one row', async () => (await page.locator('tbody tr').count()) === 1)
      check((await page.getByRole('searchbox').inputValue()) === 'pc-02', 'the words are back')
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** A PC that refuses the stored password has a badge; it filters the list, and goes when the password is right. */
  async badges(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await open(page, task, 'devices')
      await page.getByRole('row').nth(2).waitFor()
      check((await page.locator('.badge').count()) === 0, 'nothing to say yet')
      await change(page, task, 'PATCH', `/devices/${task.device}`, { amtUser: 'admin', amtPassword: 'Wr0ng-Password!' })
      await open(page, task, `devices/${task.device}/features`)
      await page.getByText('E2010').first().waitFor()
      await open(page, task, 'devices')
      await button(page, 'password refused').click()
      await until('one row', async () => (await page.locator('tbody tr').count()) === 1)
      check(new URL(page.url()).searchParams.get('notice') === 'credentials', page.url())
      await page.locator('tbody a').first().click()
      await page.getByText('The PC refuses our AMT password').waitFor()
      await button(page, 'Store the right password').click()
      await page.getByRole('dialog').getByLabel('AMT password').fill(task.amtPassword)
      await button(page.getByRole('dialog'), 'Store and try it').click()
      await page.getByText('takes the password.', { exact: false }).waitFor()
      await open(page, task, `devices/${task.device}/features`)
      await page.getByText('Screen (KVM): on').waitFor()
      await until('no notice', async () => (await rest(page, task, `/devices/${task.device}`)).notices.length === 0)
      const others = meant(meant(complaints, 502), 424)
      check(others.length === 0, others.join('\n'))
    })
  },

  /** A tunnel that was ended is a gap, with its reason, on the page of the PC; the bar is there as a table too. */
  async availability(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      const tunnel = async () => (await rest(page, task, `/devices/${task.device}`)).tunnel?.id
      const lost = await tunnel()
      await change(page, task, 'DELETE', `/devices/disconnect/${task.device}`)
      await until('its next tunnel', async () => {
        const now = await tunnel()
        return now !== undefined && now !== lost
      })
      await open(page, task, `devices/${task.device}`)
      const section = page.locator('section.availability')
      await section.getByRole('img', { name: /connected .* % of the time/ }).waitFor()
      await section.locator('rect.away').first().waitFor({ state: 'attached' })
      await section.getByText(/^Gaps: \d+/).click()
      await section.getByRole('cell', { name: /asked the device to dial in again/ }).first().waitFor()
      await button(section, '30 days').click()
      await section.getByRole('cell', { name: /asked the device to dial in again/ }).first().waitFor()
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** A refusal is a German sentence with its facts on a German page; the server's own words are a click away. */
  async refusedInGerman(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await page.evaluate(() => localStorage.setItem('viaduct.language', 'de'))
      const nobody = '00000000-0000-4000-8000-000000000000'
      await open(page, task, `devices/${nobody}`)
      const refusal = page.getByRole('alert')
      await refusal.getByText(`Kein Gerät heißt „${nobody}“.`).waitFor()
      const own = refusal.locator('q[lang=en]')
      check(!(await own.isVisible()), 'the English words are closed')
      await refusal.getByText('Einzelheiten vom Server').click()
      await own.getByText('no device is called').waitFor()
      await open(page, task, 'people')
      await button(page, 'Benutzer anlegen').click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name').fill(task.user)
      await dialog.getByLabel('Kennwort').fill('a long password')
      await button(dialog, 'Benutzer anlegen').click()
      await dialog.getByText(`„${task.user}“ gibt es schon.`).waitFor()
      await dialog.getByText('Einen anderen Namen wählen', { exact: false }).waitFor()
      const others = meant(meant(complaints, 404), 409)
      check(others.length === 0, others.join('\n'))
    })
  },

  /** An address that leads nowhere says so and leads back; the accounts of AMT are in words, English and German. */
  async mistyped(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      for (const tab of ['sreen', 'constructor']) {
        await open(page, task, `devices/${task.device}/${tab}`)
        await page.getByText(`This PC has no tab “${tab}”`).waitFor()
      }
      await page.locator('main').getByRole('link', { name: 'Summary' }).last().click()
      await page.getByText('Power: on').waitFor()
      await open(page, task, 'devices/00000000-0000-4000-8000-000000000000')
      await page.getByRole('alert').waitFor()
      await page.locator('main').getByRole('link', { name: 'Devices' }).click()
      await page.locator('tbody tr').first().waitFor()
      await open(page, task, `devices/${task.device}/features`)
      const accounts = (name) => page.getByRole('region', { name }).getByRole('row')
      await accounts('Accounts of AMT').filter({ hasText: /administrator.*everywhere.*everything/ }).waitFor()
      await page.evaluate(() => localStorage.setItem('viaduct.language', 'de'))
      await page.reload()
      await accounts('Konten von AMT').filter({ hasText: /Verwalter.*überall.*alles/ }).waitFor()
      const others = meant(complaints, 404)
      check(others.length === 0, others.join('\n'))
    })
  },

  /** Whoever may not do something learns which right is missing, and who has it. */
  async permissions(task) {
    await withPage(task, async (page, complaints) => {
      await change(page, task, 'POST', '/users', { name: 'vera', role: 'viewer', password: 'a long password' })
      await signIn(page, { ...task, user: 'vera', password: 'a long password' })
      await open(page, task, `devices/${task.device}`)
      await page.getByRole('link', { name: 'Why may I not?' }).waitFor()
      check(await button(page, 'Power on').isDisabled(), 'what is not allowed is not on offer')
      check((await button(page, 'Edit').count()) === 0, 'nor is a button that would only be refused')
      await page.getByRole('link', { name: 'Why may I not?' }).click()
      await page.getByRole('heading', { name: 'switch on' }).waitFor()
      await page.getByText('vera may not do this.').waitFor()
      await page.getByText(/Roles that have this right:.*helpdesk/).waitFor()
      check((await page.getByLabel('Whose').locator('option').allInnerTexts()).every((name) => name !== task.user), 'a viewer sees no users')
      await button(page, 'Sign out').click()
      await signIn(page, task)
      await open(page, task, 'permissions')
      await page.getByLabel('Whose').selectOption('user:vera')
      await page.getByLabel('With this PC (name or UUID)').fill(task.device)
      await button(page, 'Show').click()
      await page.getByText('Sees this PC').waitFor()
      const row = page.getByRole('row').filter({ hasText: 'power.reset' })
      await row.locator('td.maynot').waitFor()
      check(new URL(page.url()).searchParams.get('user') === 'vera', page.url())
      const others = meant(complaints, 403)
      check(others.length === 0, others.join('\n'))
    })
  },

  /** A browser opens six connections to a server: more tabs than that load, and all of them follow what happens. */
  async manyTabs(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      const tabs = [page]
      while (tabs.length < 9) tabs.push(await page.context().newPage())
      for (const tab of tabs) {
        await open(tab, task, `devices/${task.device}/history`)
        await tab.getByRole('heading', { level: 1 }).waitFor()
      }
      const all = (state) => Promise.all(tabs.map((tab) => tab.locator(`.heading .state.${state}`).waitFor()))
      const follow = async () => {
        await all('connected')
        await change(page, task, 'POST', `/devices/${task.device}/block`)
        await all('blocked')
        await change(page, task, 'POST', `/devices/${task.device}/approve`)
        await until('it is back', async () => (await rest(page, task, `/devices/${task.device}`)).connectionStatus)
      }
      await follow()
      // Whichever had the stream for all of them is gone now.
      for (const tab of tabs.splice(3)) await tab.close()
      await follow()
      await all('connected')
      // What was asked of a PC that has just left.
      const others = meant(meant(complaints, 404), 503)
      check(others.length === 0, others.join('\n'))
    })
  },

  /** The tunnel goes under an open screen: that is said, and nothing is shown as live; the next start works. */
  async lostTunnel(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await startScreen(page, task)
      const tunnel = async () => (await rest(page, task, `/devices/${task.device}`)).tunnel?.id
      const lost = await tunnel()
      await change(page, task, 'DELETE', `/tunnels/${lost}`)
      await page.getByText('Session ended').waitFor()
      check((await page.getByText('live', { exact: true }).count()) === 0, 'nothing says live any more')
      check((await page.locator('canvas.dead').count()) === 1, 'the last picture is not shown as a live one')
      await until('its next tunnel', async () => {
        const now = await tunnel()
        return now !== undefined && now !== lost
      })
      await button(page, 'Connect again').click()
      await page.getByText('live', { exact: true }).waitFor()
      // The page's own network goes, and its socket does not notice.
      await page.context().setOffline(true)
      await page.getByText('no answer from the server', { exact: false }).waitFor()
      check((await page.getByText('live', { exact: true }).count()) === 0, 'what is old is not called live')
      await page.context().setOffline(false)
      await page.getByText('no answer from the server', { exact: false }).waitFor({ state: 'detached' })
      // What was under way when the tunnel went is answered with that.
      const others = meant(meant(complaints, 404), 503).filter((line) => !line.includes('ERR_INTERNET_DISCONNECTED'))
      check(others.length === 0, others.join('\n'))
    })
  },

  /** An upload that loses its connection goes on by itself; one whose page was closed, with the same file. */
  async interrupted(task) {
    await withPage(task, async (page, complaints) => {
      const image = Buffer.alloc(task.bytes, 7)
      const file = { name: 'cut.iso', mimeType: 'application/octet-stream', buffer: image }
      let pieces = 0
      let broken = true
      await page.route(/\/api\/v1\/media\//, (route) =>
        route.request().method() === 'PATCH' && ++pieces > 2 && broken ? route.abort('connectionreset') : route.continue())
      await signIn(page, task)
      await open(page, task, 'media')
      await page.getByText('An image may have up to', { exact: false }).waitFor()
      await page.getByLabel('ISO file').setInputFiles(file)
      await button(page, 'Upload').click()
      await page.locator('[data-upload="waiting"]').waitFor()
      page.on('dialog', (dialog) => void dialog.accept())
      await page.reload()
      const [half] = await rest(page, task, '/media')
      check(half.offset > 0 && half.offset < image.length && !half.complete, JSON.stringify(half))
      await page.getByText('Unfinished.').waitFor()
      const go = async (buffer) => {
        const chooser = page.waitForEvent('filechooser')
        await button(page, 'Go on with cut.iso').click()
        await (await chooser).setFiles({ ...file, buffer })
      }
      await go(image.subarray(1))
      await page.getByText('That is another file', { exact: false }).waitFor()
      await go(image)
      await page.locator('[data-upload="waiting"]').waitFor()
      broken = false
      await page.getByText('cut.iso is in the library').waitFor()
      const [whole] = await rest(page, task, '/media')
      check(whole.complete && whole.size === image.length, JSON.stringify(whole))
      await open(page, task, 'media')
      await page.getByLabel('ISO file').waitFor()
      const others = complaints.filter((line) => !line.includes('ERR_CONNECTION_RESET'))
      check(others.length === 0, others.join('\n'))
    })
  }
}
