// What people do with the dashboard, from its first link on.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { check, open, pictureOf, rest, signIn, startScreen, until, withPage } from './browser.mjs'

/** Opens the serial console; gives what it shows, its lines joined. */
async function terminal(page, task) {
  await open(page, task, `devices/${task.device}/terminal`)
  await page.getByRole('button', { name: 'Open the terminal' }).click()
  const shown = async () => (await page.locator('.xterm-rows').innerText()).replaceAll('\n', '')
  await until('a prompt', async () => (await shown()).includes('shell>'))
  return shown
}

export const scenarios = {
  /** The one-time link makes the first user, who is signed in by that and adds a PC of the local network. */
  async firstSteps(task) {
    await withPage(task, async (page, complaints) => {
      await page.goto(task.link)
      await page.getByLabel('User').waitFor()
      // The link leads there after a reload too, and its secret is in the address no longer.
      await page.reload()
      check(!page.url().includes('secret'), page.url())
      await page.getByLabel('User').fill(task.user)
      check((await page.locator('input[name="secret"]').count()) === 0, 'the secret is not asked for')
      await page.locator('input[name="password"]').fill(task.password)
      await page.locator('input[name="again"]').fill(task.password)
      await page.getByRole('button', { name: 'Create user' }).click()
      await page.getByRole('navigation').first().waitFor()
      check((await page.evaluate(() => sessionStorage.length)) === 0, 'a secret that was used is not kept')
      if (task.address) {
        await open(page, task, 'add')
        await page.getByLabel('Address of the PC').fill(task.address)
        await page.getByLabel('AMT password', { exact: true }).fill(task.amtPassword)
        await page.getByRole('button', { name: 'Add the PC' }).click()
        await trusted(page)
        await page.getByText(`${task.name} is online.`).waitFor()
        const [device] = await rest(page, task, '/devices')
        check(device.connectionStatus && device.name === task.name, JSON.stringify(device))
      }
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** Reset the PC from its page. */
  async power(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await open(page, task, `devices/${task.device}`)
      await page.getByText('Power: on').waitFor()
      const off = page.getByRole('button', { name: 'Power off', exact: true })
      await off.focus()
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      check(await off.evaluate((button) => button === document.activeElement), 'the focus is where it was before the dialog')
      await off.click()
      await page.getByRole('dialog').getByRole('button', { name: 'Power off' }).click()
      await page.getByText('Power off: done').waitFor()
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
      await page.getByText('Power: off').waitFor()
      await page.getByRole('button', { name: 'Power on', exact: true }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Power on' }).click()
      await page.getByText('Power on: done').waitFor()
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
      await page.getByText('Power: on').waitFor()
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** The picture moves, what is typed shows on it, and a session that is over is not shown as live. */
  async screen(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await startScreen(page, task)
      const first = await pictureOf(page)
      await until('a moving picture', async () => (await pictureOf(page)).hash !== first.hash)
      await page.locator('canvas').focus()
      const before = await typed(page)
      await page.keyboard.type('viaduct')
      await until('typed letters on the picture', async () => (await typed(page)) !== before)
      await page.getByText(/pictures received/).waitFor()
      const { id } = (await rest(page, task, '/redirections')).find((one) => one.guid === task.device && one.mode === 'kvm')
      const ended = await page.request.delete(`${task.dashboard}api/v1/redirections/${id}`, {
        headers: { authorization: `Bearer ${task.token}` }
      })
      check(ended.status() === 204, 'the redirection can be ended from elsewhere')
      await page.getByText('Session ended').waitFor()
      await page.getByText(/E2036/).waitFor()
      check((await page.getByText('live', { exact: true }).count()) === 0, 'nothing says live any more')
      await page.getByRole('button', { name: 'Connect again' }).click()
      await page.getByText('live', { exact: true }).waitFor()
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** The serial console echoes. */
  async terminal(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      const shown = await terminal(page, task)
      await page.keyboard.type('echo typed-in-a-page\n')
      await until('an echo', async () => (await shown()).split('typed-in-a-page').length > 2)
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** An image goes into the library, into the drive, and is read to its last block. */
  async media(task) {
    await withPage(task, async (page, complaints) => {
      const image = Buffer.alloc(task.blocks * 2048, (_) => 0)
      for (let at = 0; at < image.length; at++) image[at] = (at * 31) % 251
      const sha256 = createHash('sha256').update(image).digest('hex')
      await signIn(page, task)
      await open(page, task, 'media')
      await page.getByLabel('ISO file').setInputFiles({ name: 'boot.iso', mimeType: 'application/octet-stream', buffer: image })
      await page.getByLabel('Expected SHA-256').fill(sha256)
      await page.getByRole('button', { name: 'Upload' }).click()
      await page.getByText('boot.iso is in the library').waitFor()
      check((await rest(page, task, '/media'))[0].sha256 === sha256, 'the hash of the library')
      await open(page, task, `devices/${task.device}/media`)
      await page.getByLabel('Image').selectOption({ index: 1 })
      await page.getByRole('button', { name: 'Mount' }).click()
      await page.getByText('offered; the PC has read nothing yet').waitFor()
      // What the PC makes of the image is told on its serial console.
      const console = await page.context().newPage()
      const shown = await terminal(console, task)
      await page.getByRole('button', { name: 'Reset and boot from it' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Reset and boot from it' }).click()
      await page.locator(`.mount.reading[data-last-block="${task.blocks - 1}"]`).waitFor()
      const [mount] = (await rest(page, task, '/mounts')).filter((one) => one.guid === task.device)
      check(mount.bytesRead === image.length, `each block once: ${mount.bytesRead} of ${image.length}`)
      await until('the hash that the PC made', async () => (await shown()).includes(sha256))
      await page.getByText(/\d ms to the PC and back/).first().waitFor()
      await page.getByText('This image has no boot record').first().waitFor()
      check(await page.getByText('Use a small netboot image').count() === 0, 'a quick link is not called slow')
      // The same PC a long way off, with an image of a whole system.
      const far = { roundTripMicroseconds: 300_000, size: 700 * 1_048_576, bytesRead: 0, blocksPerSecond: 0 }
      await page.route('**/api/v1/mounts', async (route) => {
        if (route.request().method() !== 'GET') return route.continue()
        const all = await (await route.fetch()).json()
        await route.fulfill({ json: all.map((one) => ({ ...one, ...far })) })
      })
      await page.getByText('This link needs about 3 hr').waitFor()
      await page.getByText('300 ms to the PC and back').waitFor()
      await page.unroute('**/api/v1/mounts')
      await page.getByRole('button', { name: 'Eject' }).click()
      await page.locator('.mount.ended').first().waitFor()
      check(complaints.length === 0, complaints.join('\n'))
    })
  },

  /** The server goes and comes back: the page says so and recovers by itself. */
  async comeback(task) {
    await withPage(task, async (page) => {
      await signIn(page, task)
      await open(page, task, 'devices')
      await page.getByText('pc-back').first().waitFor()
      console.log('{"ready":true}')
      await page.getByText('The server does not answer', { exact: false }).first().waitFor()
      console.log('{"lost":true}')
      await page.getByText('The server does not answer', { exact: false }).first().waitFor({ state: 'detached' })
      await page.getByText('pc-back').first().waitFor()
    })
  },

  /** Ten thousand devices: found by typing. The time is told, not judged. */
  async many(task) {
    await withPage(task, async (page, complaints) => {
      await signIn(page, task)
      await open(page, task, 'devices')
      await page.getByText(/10[,.]?\d{3}/).first().waitFor()
      const search = page.getByRole('searchbox').first()
      await search.waitFor()
      const took = await page.evaluate(async () => {
        const box = document.querySelector('input[type="search"]')
        const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set
        const began = performance.now()
        set.call(box, 'pc-09876')
        box.dispatchEvent(new Event('input', { bubbles: true }))
        while (![...document.querySelectorAll('tbody tr')].some((row) => row.innerText.includes('pc-09876')) ||
          document.querySelectorAll('tbody tr:not(.gap)').length !== 1) {
          if (performance.now() - began > 30_000) return -1
          await new Promise(requestAnimationFrame)
        }
        return performance.now() - began
      })
      check(took >= 0, 'the list is filtered to one row')
      console.log(JSON.stringify({ filteredInMs: Math.round(took) }))
      check(complaints.length === 0, complaints.join('\n'))
      await search.fill('')
      await orderAll(page)
    })
  }
}

/** All of them are given an order, which none can take; somebody stops it, and sees what became of each. */
async function orderAll(page) {
  await page.getByLabel('all', { exact: true }).check()
  await page.getByLabel('Power for the selection').selectOption({ label: 'Reset' })
  const dialog = page.getByRole('dialog')
  const go = dialog.getByRole('button', { name: 'Reset', exact: true })
  await dialog.getByRole('textbox').fill('1000')
  check(await go.isDisabled(), 'a wrong number starts nothing')
  await dialog.getByRole('textbox').fill('10000')
  await go.click()
  await dialog.getByText(/^… and \d+ more; the file has all of them\.$/).waitFor()
  check(await dialog.locator('.failures li').count() === 101, 'a hundred failures are listed')
  await dialog.getByRole('button', { name: 'Stop after those under way' }).click()
  const left = await dialog.getByText(/^\d+ were not begun, because you stopped it\.$/).innerText()
  const [, failed] = /^0 done, (\d+) failed$/.exec(await dialog.getByRole('status').innerText()) ?? []
  const file = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Save what became of each (CSV)' }).click()
  const lines = readFileSync(await (await file).path(), 'utf8').trim().split('\r\n')
  check(lines.length === 10_001, 'the file has all of them')
  const begun = lines.slice(1).filter((line) => !line.endsWith(',not begun')).length
  check(begun === Number(failed) && begun + parseInt(left, 10) === 10_000, `${begun} of the file are the ${failed} that failed; ${left}`)
  console.log(JSON.stringify({ begun }))
}

/** A PC with TLS shows a certificate that nobody has seen before; it is this one here. */
async function trusted(page) {
  const go = page.getByRole('button', { name: 'It is the right one, go on' })
  const online = page.getByText(/is online\./)
  await go.or(online).first().waitFor()
  if (await go.isVisible()) await go.click()
}

/** A hash of that part of the simulated PC's picture where only what was typed is drawn. */
const typed = (page) =>
  page.locator('canvas').evaluate((canvas) => {
    const { width, height } = canvas
    const top = height / 2
    const { data } = canvas.getContext('2d').getImageData(16, top, width - 32, height - top - 16)
    return data.reduce((hash, value) => (Math.imul(hash, 31) + value) | 0, 0)
  })
